#!/bin/sh
# Puts Ordo on this machine as a unit of systemd, or takes it away. It prints first what it would do;
# only CONFIRM=yes does it, and only that needs root. Done twice, it changes nothing the second time.
#
#   sh deploy/systemd.sh install|uninstall
#
# CONFIRM=yes   do it
# ROOT=/path    below that folder instead, without systemd or packages: for staging and tests
# CHECKED_BY=/path/to/python   with ROOT: it has the packages, so what is there is checked as well
set -eu

SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
ROOT=${ROOT:-}
CODE=$ROOT/opt/ordo
SETTINGS=$ROOT/etc/ordo/settings.toml
UNITS=$ROOT/etc/systemd/system
UNIT=$UNITS/ordo.service
GUARDIAN=$UNITS/ordo-guardian.service
STATE=$ROOT/var/lib/ordo
OWN=$ROOT/etc/ordo/strategies
LAID=$CODE/strategies.installed
PATHS='paths = ["/etc/ordo/strategies", "/opt/ordo/strategies"]'
PARTS='daemon strategies requirements systemd deploy Makefile pyproject.toml README.md settings.toml'

plan_install() {
  cat <<PLAN
This installs Ordo as a unit of systemd:

  $CODE
      the code of $SOURCE, and a .venv made from its hash-pinned locks;
      what was changed or added in its strategies/ is not replaced, but told
  $SETTINGS
      its settings, for root alone$([ -e "$SETTINGS" ] && echo '; there already, and left as they are.
      Where the new code refuses them, the strategies or the record, nothing is replaced' || :)
  $OWN
      strategies of your own, which no installation touches$(own_is_named || printf '; the settings that
      are there do not name it: write in their [strategies]: %s' "$PATHS")
  $UNIT
  $GUARDIAN
      the daemon, and the guardian that closes what is open where no daemon guards it any more:
      enabled and started by nobody but you
  $STATE
      its state folder, made by systemd at the first start, with a user that exists while it runs

What runs goes on with the code that it has loaded until it is restarted, the guardian too: restart
both, for an old one cannot read what a new daemon records.
PLAN
}

plan_uninstall() {
  cat <<PLAN
This stops Ordo and takes it off systemd:

  $UNIT, $GUARDIAN and $CODE are removed
  $SETTINGS, $OWN and $STATE stay: settings,
  strategies, records and latches are yours to remove

What is open stays open, and nobody guards it any more. Look first: ordo positions
PLAN
}

is_run_from_there() {
  [ "$SOURCE" = "$(CDPATH='' cd -- "$CODE" 2>/dev/null && pwd -P)" ]
}

# Says whether settings that are there look into the folder for own strategies; new ones will. Who
# may not read them is not told.
own_is_named() {
  [ ! -r "$SETTINGS" ] || grep -q '^[^#]*"/etc/ordo/strategies"' "$SETTINGS"
}

# Prints what is among the installed strategies and neither comes again nor is as it was laid there.
changed_strategies() {
  [ -d "$CODE/strategies" ] || return 0
  find "$CODE/strategies/" -name __pycache__ -prune -o ! -type d -print | sort |
    while IFS= read -r file; do
      name=${file#"$CODE/strategies/"}
      cmp -s "$file" "$LAID/$name" && continue
      cmp -s "$file" "$CODE/.new/${LAID##*/}/$name" && continue # one that was killed laid it there
      is_run_from_there || ! cmp -s "$file" "$SOURCE/strategies/$name" || continue
      echo "  $file"
    done
}

keep_changed_strategies() {
  changed=$(changed_strategies)
  [ -n "$changed" ] || return 0
  cat >&2 <<TOLD

Nothing was done, for these strategies would be lost. They were changed or added since Ordo was
installed, or nothing tells that they were not:

$changed

Keep them in $OWN, where every user may read them, and write in
[strategies] of $SETTINGS:

  $PATHS

Then remove them here, or remove them at once if they are none of yours, and run it again.
TOLD
  exit 1
}

# Puts back what an installation that did not come to its end has replaced.
put_back() {
  [ -d "$CODE/.old" ] || return 0
  for part in $PARTS "${LAID##*/}" .venv; do
    [ -e "$CODE/.old/$part" ] || continue
    rm -rf "${CODE:?}/$part"
    mv "$CODE/.old/$part" "$CODE/$part"
  done
  for unit in "$UNIT" "$GUARDIAN"; do
    [ ! -e "$CODE/.old/${unit##*/}" ] || mv "$CODE/.old/${unit##*/}" "$unit"
  done
  rm -rf "${CODE:?}/.old"
}

# However an installation ends: the disk is left as full as it was, and what was replaced stands again.
ended() {
  status=$?
  trap '' HUP INT TERM
  rm -rf "${CODE:?}/.new" "${CODE:?}/.keeping" "$UNIT.new" "$GUARDIAN.new"
  replaced=$([ ! -d "$CODE/.old/daemon" ] || echo yes)
  put_back
  if [ -n "$replaced" ]; then
    echo "The installation did not come to its end, and what was installed before stands again." >&2
    echo "Mend what is told above, and run it again." >&2
  fi
  exit "$status"
}

# Keeps what is about to be replaced, until the new code is set up. It counts from its last line on.
keep_old() {
  rm -rf "${CODE:?}/.new/.venv" # it holds absolute paths, and there need not be room for a third
  mkdir "$CODE/.keeping"
  for part in "$UNIT" "$GUARDIAN" "$CODE/.venv"; do
    [ ! -e "$part" ] || cp -Rp "$part" "$CODE/.keeping/${part##*/}"
  done
  mv "$CODE/.keeping" "$CODE/.old"
}

# The units see nothing of what is hidden here (ProtectHome=yes): with a Python there none starts.
require_python_in_sight() {
  [ -d "$1" ] || return 0
  for path in "$(readlink -f "$1/bin/python" || :)" \
    "$(sed -n 's/^home *= *//p' "$1/pyvenv.cfg" 2>/dev/null || :)"; do
    case $path in
      /root/* | /home/* | /run/user/*) ;;
      *) continue ;;
    esac
    cat >&2 <<TOLD

The units would not start: the Python of $1 is at
$path, and they see nothing below /root, /home and /run/user.

Take one that lies elsewhere: a package of the system, or one of uv's that is put there with
UV_PYTHON_INSTALL_DIR=/opt/python. Then remove $CODE/.venv, and name it:

  make install-systemd PYTHON=/path/to/python CONFIRM=yes
TOLD
    exit 1
  done
}

# Lets no installation pass after which the units cannot read the strategies that are there.
require_readable_strategies() {
  if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
    return 0
  fi
  units='setpriv --reuid 65534 --regid 65534 --clear-groups'
  # shellcheck disable=SC2086  # several words
  $units test -x "$ROOT/etc" || return 0 # what is staged in a private folder is shut to all
  # shellcheck disable=SC2086
  shut=$(cd / && $units find "$OWN" -maxdepth 1 \( -type d -o -name '*.toml' -o -name '*.py' \) \
    ! -readable -print 2>/dev/null || :)
  # shellcheck disable=SC2086
  if $units test -x "$OWN" && [ -z "$shut" ]; then
    return 0
  fi
  cat >&2 <<TOLD

Nothing was replaced, for the units would not start: a user without rights cannot read

${shut:-$OWN}

Let every user read what is in $OWN, and every folder above it be looked into: chmod -R go+rX $OWN
TOLD
  exit 1
}

# Runs code once as a user without rights, as the units are: root reads what is shut to them.
# $1 is the Python, $2 the folder of the code.
require_open_to_units() {
  if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
    return 0
  fi
  units='setpriv --reuid 65534 --regid 65534 --clear-groups'
  # What is staged in a private folder is shut to all, whatever its own modes are.
  if [ -n "$ROOT" ] && ! { $units test -x "$CODE" && $units test -x "$1"; }; then
    return 0
  fi
  for program in 'daemon run' daemon.guardian; do
    # shellcheck disable=SC2086  # a module and a word
    found=$(cd "$CODE" && PYTHONPATH="$2" PYTHONDONTWRITEBYTECODE=1 \
      $units "$1" -P -m $program --help 2>&1) && continue
    cat >&2 <<TOLD

The units would not start, for a user without rights cannot run the code of $2:

$found

Let every user read $CODE, what is above it, and the Python; and run it again.
TOLD
    exit 1
  done
}

# Lets the new code look at the settings, strategies and records that are there. What it refuses would
# keep every start from beginning, with the code gone that went by it.
require_accepted() {
  [ -e "$SETTINGS" ] || return 0
  python=${CHECKED_BY:-}
  if [ -z "$ROOT" ]; then
    make --no-print-directory -C "$CODE/.new" setup
    require_python_in_sight "$CODE/.new/.venv"
    python=$CODE/.new/.venv/bin/python
  fi
  [ -n "$python" ] || return 0
  require_open_to_units "$python" "$CODE/.new"
  # From where the units run, by the state folder that they name, and leaving nothing in the new tree.
  found=$(cd "$CODE" && ORDO_DAEMON__STATE_DIR="$STATE" PYTHONPATH="$CODE/.new" \
    PYTHONDONTWRITEBYTECODE=1 \
    "$python" -P -m daemon check --settings "$SETTINGS" --replaces "$CODE" 2>&1) && return 0
  cat >&2 <<TOLD

Nothing was replaced, for the new code would not start with what is there:

$found

Mend that, and run it again. Until then the code that is installed goes on.
TOLD
  exit 1
}

confirmed() {
  if [ "${CONFIRM:-}" != yes ]; then
    echo
    echo "Nothing was done. To do it, as root: make $1 CONFIRM=yes"
    exit 0
  fi
  if [ -z "$ROOT" ] && [ "$(id -u)" != 0 ]; then
    echo "$1 needs root: sudo make $1 CONFIRM=yes" >&2
    exit 1
  fi
}

install_it() {
  plan_install
  keep_changed_strategies
  confirmed install-systemd
  if is_run_from_there; then
    echo "$CODE is what is installed; run this in the checkout that it comes from" >&2
    exit 1
  fi
  put_back # what an installation has left that was killed
  keep_changed_strategies
  require_python_in_sight "$CODE/.venv"
  umask 022
  mkdir -p "$CODE" "$OWN" "$(dirname "$UNIT")"
  require_readable_strategies
  trap ended EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # All is copied before anything is replaced: a disk that fills up leaves what was there.
  rm -rf "${CODE:?}/.new" "${CODE:?}/.keeping"
  mkdir "$CODE/.new"
  for part in $PARTS; do
    cp -R "$SOURCE/$part" "$CODE/.new/$part"
  done
  find "$CODE/.new" -name __pycache__ -type d -prune -exec rm -rf {} +
  # The next installation sees by this copy which strategies were changed.
  cp -R "$CODE/.new/strategies" "$CODE/.new/${LAID##*/}"
  # A checkout made under a umask of 077 is open to whoever made it alone, and the units are not he.
  chmod u=rwX,go=rX "$CODE"
  chmod -R u=rwX,go=rX "$CODE/.new"
  require_accepted
  if [ ! -e "$SETTINGS" ]; then
    (umask 077 && sed -e 's#^state_dir = .*#state_dir = "/var/lib/ordo"#' \
      -e "s#^paths = \[\"strategies\"\]#$PATHS#" "$SOURCE/settings.toml" >"$SETTINGS.new")
    mv "$SETTINGS.new" "$SETTINGS"
  fi
  chmod 600 "$SETTINGS"
  cp "$SOURCE/systemd/ordo.service" "$UNIT.new"
  cp "$SOURCE/systemd/ordo-guardian.service" "$GUARDIAN.new"
  chmod 644 "$UNIT.new" "$GUARDIAN.new"
  keep_old
  for part in $PARTS "${LAID##*/}"; do
    [ ! -e "$CODE/$part" ] || mv "$CODE/$part" "$CODE/.old/$part"
    mv "$CODE/.new/$part" "$CODE/$part"
  done
  rm -rf "${CODE:?}/.new"
  mv "$UNIT.new" "$UNIT"
  mv "$GUARDIAN.new" "$GUARDIAN"
  if [ -z "$ROOT" ]; then
    make --no-print-directory -C "$CODE" setup
    chmod -R u=rwX,go=rX "$CODE/.venv"
    require_python_in_sight "$CODE/.venv"
    require_open_to_units "$CODE/.venv/bin/python" "$CODE"
    "$CODE/.venv/bin/python" -m compileall -q "$CODE/daemon" "$CODE/strategies"
    systemctl daemon-reload
  fi
  mv "$CODE/.old" "$CODE/.keeping" # at once: half of it must not be put back
  rm -rf "${CODE:?}/.keeping"
  echo
  echo "Done. Start it with: systemctl enable --now ordo ordo-guardian"
  echo "Where it runs already: systemctl restart ordo ordo-guardian"
  # The units' own goes before it, so that settings of before cannot move what is open out of sight.
  if ! tr -d '\r' <"$SETTINGS" |
    grep -q "^ *state_dir *= *[\"']/var/lib/ordo[\"'] *\\(#.*\\)\\{0,1\\}\$"; then
    echo
    echo "NOTE: the daemon's state folder is /var/lib/ordo, and $SETTINGS does not say so: commands"
    echo 'would brake and look in another. Let its [daemon] say: state_dir = "/var/lib/ordo"'
  fi
}

uninstall_it() {
  plan_uninstall
  keep_changed_strategies
  confirmed uninstall-systemd
  # The guardian first: who takes the daemon away does not want it to close anything.
  for unit in ordo-guardian ordo; do
    if [ -z "$ROOT" ] && [ -e "$UNITS/$unit.service" ]; then
      systemctl disable --now "$unit"
    fi
  done
  rm -rf "$UNIT" "$GUARDIAN" "${CODE:?}"
  if [ -z "$ROOT" ]; then
    systemctl daemon-reload
  fi
  echo
  echo "Done."
}

case "${1:-}" in
  install) install_it ;;
  uninstall) uninstall_it ;;
  *)
    echo "usage: sh deploy/systemd.sh install|uninstall" >&2
    exit 2
    ;;
esac

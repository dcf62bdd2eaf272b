"""The vault: what is put in comes out again, under its own name alone, whatever becomes of it.

Real files with real modes; passphrases at a cost that a test can bear, but for one.
"""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import OrdoError, SettingsError, VaultError
from daemon.ports.vault import CredentialSource
from daemon.storage import secret_file, vault_keys
from daemon.storage.vault import PRESET, Place, Vault
from daemon.storage.vault_keys import KEY_FILE, Cost, name_of, read_keys
from daemon.storage.vault_rows import ASKED
from daemon.telemetry.redaction import Secret
from tests.kit.handed import handed_over

NOW = 1_764_000_000_000_000_000
CHEAP = Cost(log2_n=10)
WORDS = Secret("four words of a vault")
CANARY = "canary-Key-0123456789"


def vault_in(folder, **place) -> Vault:
    folder.mkdir(mode=0o700, exist_ok=True)
    return Vault(Place(folder, **place))


@pytest.fixture
def vault(tmp_path) -> Vault:
    """A new one under a file of keys."""
    made = vault_in(tmp_path / "state")
    made.begin(NOW)
    return made


def under(words: Secret, folder) -> Vault:
    return vault_in(folder, passphrase=words)


def put(vault: Vault, **values: str) -> None:
    vault.put("home", {field: Secret(text) for field, text in values.items()}, NOW)


def code_of(act) -> str:
    with pytest.raises(OrdoError) as refused:
        act()
    assert CANARY not in str(refused.value)
    return refused.value.code


def edited(vault: Vault, edit) -> None:
    """Change the file as somebody would who has no key."""
    document = json.loads(vault.path.read_text())
    edit(document)
    vault.path.write_text(json.dumps(document))


def test_what_is_put_in_comes_out_and_shows_itself_as_stars(vault):
    put(vault, api_key="abc", api_secret=CANARY)
    secret = vault.open("home", "api_secret")

    assert secret.reveal() == CANARY
    assert str(secret) == repr(secret) == f"{secret}" == "***"


def test_a_log_in_needs_nothing_of_it_but_to_open(vault):
    def log_in(source: CredentialSource) -> str:
        return source.open("home", "api_key").reveal()

    put(vault, api_key="abc")
    assert log_in(vault) == "abc"


def test_the_file_shows_names_and_dates_and_no_secret(vault):
    put(vault, api_secret=CANARY)
    (row,) = vault.rows()

    assert (row.account, row.field, row.written_ns) == ("home", "api_secret", NOW)
    assert CANARY not in vault.path.read_text()
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert stat.S_IMODE((vault.path.parent / KEY_FILE).stat().st_mode) == 0o600


def test_what_is_put_in_again_takes_the_place_of_what_was_there(vault):
    put(vault, api_key="old", pin="123456")
    put(vault, api_key="new")

    assert [row.field for row in vault.rows()] == ["api_key", "pin"]
    assert vault.open("home", "api_key").reveal() == "new"
    assert vault.open("home", "pin").reveal() == "123456"


def test_each_secret_that_goes_in_or_out_is_told_to_whoever_keeps_it_out_of_the_log(tmp_path):
    known: list[str] = []
    vault = vault_in(tmp_path / "state", know=lambda secret: known.append(secret.reveal()))
    vault.begin(NOW)
    put(vault, api_secret=CANARY)
    vault.open("home", "api_secret")

    assert known == [CANARY, CANARY]


def test_what_several_put_in_at_once_is_all_kept(vault):
    def put_in(field: str) -> None:
        put(vault, **{field: f"{field} of somebody"})

    with ThreadPoolExecutor(len(ASKED)) as threads:
        list(threads.map(put_in, ASKED))

    assert {row.field for row in vault.rows()} == set(ASKED)
    assert vault.check() == len(ASKED)


def test_one_credential_or_all_of_an_account_are_removed(vault):
    put(vault, api_key="a", api_secret="b", pin="c")

    assert [row.field for row in vault.remove("home", "pin")] == ["pin"]
    assert [row.field for row in vault.remove("home")] == ["api_key", "api_secret"]
    assert vault.rows() == ()
    assert code_of(partial(vault.remove, "home")) == "no_credential"


def test_what_is_not_there_is_told_with_how_to_put_it_in(vault):
    with pytest.raises(VaultError, match="`ordo vault put home pin` asks for it") as refused:
        vault.open("home", "pin")

    assert refused.value.code == "no_credential"


@pytest.mark.parametrize(
    "values",
    [
        {"api_sercet": CANARY},
        {CANARY: "x"},
        {"api_key": ""},
        {"api_key": " \n"},
        {"api_key": "x" * 8_193},
        {"api_key": "lone \udcff half"},
        {"api_key": "good", "pin": ""},
    ],
)
def test_what_can_be_no_credential_is_refused_without_being_quoted(vault, values):
    assert code_of(partial(put, vault, **values)) == "credential_refused"
    assert vault.rows() == ()


def test_there_is_nothing_in_a_vault_that_was_never_begun(tmp_path):
    vault = vault_in(tmp_path / "state")

    assert {
        code_of(act)
        for act in (vault.rows, vault.check, partial(vault.open, "a", "pin"), partial(put, vault))
    } == {"no_vault"}


def test_a_vault_is_begun_once(vault):
    put(vault, pin="123456")

    assert code_of(partial(vault.begin, NOW)) == "vault_exists"
    assert vault.open("home", "pin").reveal() == "123456"


# Who may look.


@pytest.mark.parametrize("name", ["vault.json", "vault.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610])
def test_a_file_that_others_can_read_or_write_is_refused(vault, name, mode):
    put(vault, api_secret=CANARY)
    (vault.path.parent / name).chmod(mode)

    with pytest.raises(SettingsError, match=rf"{name} is open to others \(mode {mode:04o}\)"):
        vault.open("home", "api_secret")
    assert code_of(vault.check) == "secret_exposed"


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o701])
def test_a_folder_that_others_can_look_into_is_refused(vault, mode):
    put(vault, api_secret=CANARY)
    vault.path.parent.chmod(mode)

    assert code_of(partial(vault.open, "home", "api_secret")) == "secret_exposed"
    assert code_of(partial(put, vault, pin="123456")) == "secret_exposed"


@pytest.mark.parametrize("name", ["vault.json", "vault.key"])
def test_no_link_is_followed(vault, name):
    path = vault.path.parent / name
    path.rename(path.with_suffix(".aside"))
    path.symlink_to(path.with_suffix(".aside"))

    assert code_of(vault.check) == "secret_unusable"


@pytest.mark.parametrize("name", ["vault.json", "vault.key"])
def test_what_is_no_plain_file_is_refused_and_waited_for_by_nobody(vault, name):
    path = vault.path.parent / name
    path.unlink()
    os.mkfifo(path, 0o600)

    assert code_of(vault.check) == "secret_unusable"


@pytest.mark.parametrize("name", ["vault.json", "vault.key"])
def test_a_file_of_somebody_elses_is_refused(vault, monkeypatch, name):
    """A process cannot give its file away, so another owner is told of it."""
    fstat, path = os.fstat, vault.path.parent / name

    def of_another(descriptor: int) -> os.stat_result:
        about = fstat(descriptor)
        if (about.st_ino, about.st_dev) != (path.stat().st_ino, path.stat().st_dev):
            return about
        told = list(about)
        told[stat.ST_UID] = 54_321
        return os.stat_result(told)

    monkeypatch.setattr(secret_file.os, "fstat", of_another)
    with pytest.raises(
        SettingsError, match=f"belongs to user 54321; chown it to user {os.geteuid()}"
    ):
        vault.check()


def test_a_file_that_cannot_be_read_is_told_by_its_name(vault):
    vault.path.unlink()
    vault.path.mkdir(mode=0o700)

    with pytest.raises(SettingsError, match=r"vault\.json is no plain file"):
        vault.rows()


# Which row it is.


def swap(document, key):
    one, two = document["rows"]
    one[key], two[key] = two[key], one[key]


def other_date(document):
    document["rows"][0]["written_ns"] += 1


def renamed(document):
    document["rows"] = [{**document["rows"][0], "account": "other"}]


def cut(document):
    document["rows"][0]["sealed"] = document["rows"][0]["sealed"][:-8]


def garbled(document):
    sealed = document["rows"][0]["sealed"]
    document["rows"][0]["sealed"] = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]


def proof_as_row(document):
    document["rows"][0]["sealed"] = document["proof"]["sealed"]


@pytest.mark.parametrize(
    ("edit", "account"),
    [
        (lambda d: swap(d, "sealed"), "home"),
        (lambda d: swap(d, "field"), "home"),
        (other_date, "home"),
        (renamed, "other"),
        (cut, "home"),
        (garbled, "home"),
        (proof_as_row, "home"),
    ],
    ids=["secrets swapped", "names swapped", "date", "account", "cut", "garbled", "proof"],
)
def test_a_row_that_is_not_where_it_was_sealed_is_refused_when_it_is_opened(vault, edit, account):
    put(vault, api_key="one", api_secret=CANARY)
    edited(vault, edit)

    assert code_of(partial(vault.open, account, "api_key")) == "vault_altered"
    assert code_of(vault.check) == "vault_altered"


@settings(max_examples=20, deadline=None)
@given(
    places=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(ASKED)),
        min_size=2,
        max_size=6,
        unique=True,
    ),
    moved=st.data(),
)
def test_whichever_row_is_put_in_whichever_place_none_opens_as_another(
    tmp_path_factory, places, moved
):
    vault = vault_in(tmp_path_factory.mktemp("vault"))
    vault.begin(NOW)
    for account, field in places:
        vault.put(account, {field: Secret(f"{account} {field}")}, NOW)
    order = moved.draw(st.permutations(range(len(places))))

    def shuffle(document):
        sealed = [row["sealed"] for row in document["rows"]]
        for row, at in zip(document["rows"], order, strict=True):
            row["sealed"] = sealed[at]

    edited(vault, shuffle)
    for at, row in enumerate(vault.rows()):
        if order[at] == at:
            assert vault.open(row.account, row.field).reveal() == f"{row.account} {row.field}"
        else:
            assert code_of(partial(vault.open, row.account, row.field)) == "vault_altered"


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(version=2),
        lambda d: d.update(salt="xyz"),
        lambda d: d.update(cost={"log2_n": 40}),
        lambda d: d.update(cost={"log2_n": 1}),
        lambda d: d["rows"].append(d["rows"][0]),
        lambda d: d["rows"][0].update(more=1),
        lambda d: d.pop("proof"),
    ],
)
def test_a_file_that_no_vault_has_written_is_refused_and_kept(vault, edit):
    put(vault, api_secret=CANARY)
    edited(vault, edit)
    before = vault.path.read_bytes()

    assert code_of(vault.rows) == "vault_altered"
    assert code_of(partial(put, vault, pin="123456")) == "vault_altered"
    assert vault.path.read_bytes() == before


def test_every_cut_of_the_file_is_refused_as_a_vault(vault):
    put(vault, api_secret=CANARY)
    data = vault.path.read_bytes()
    for length in range(0, len(data) - 2, 7):
        vault.path.write_bytes(data[:length])
        assert code_of(vault.rows) == "vault_altered"


# Where the key comes from.


def test_what_the_service_manager_hands_over_goes_before_the_file(vault, tmp_path):
    put(vault, api_secret=CANARY)
    handed = tmp_path / "handed"
    handed.mkdir(mode=0o700)
    (vault.path.parent / KEY_FILE).rename(handed / KEY_FILE)
    (vault.path.parent / KEY_FILE).write_bytes(vault_keys.new_key())
    (vault.path.parent / KEY_FILE).chmod(0o600)

    inside = vault_in(vault.path.parent, credentials=str(handed))
    assert inside.open("home", "api_secret").reveal() == CANARY
    assert code_of(partial(vault.open, "home", "api_secret")) == "vault_locked"


@pytest.mark.parametrize("data", [b"", b"short", b"not a key of any vault\n", b"\xff" * 44])
def test_a_file_that_holds_no_keys_is_refused_without_being_quoted(vault, data):
    path = vault.path.parent / KEY_FILE
    path.write_bytes(data)

    with pytest.raises(VaultError, match=r"vault\.key holds no keys of a vault") as refused:
        vault.check()
    assert data[:8].decode("latin-1") not in str(refused.value) or not data


def test_a_lost_key_is_told_with_what_is_to_be_done(vault):
    put(vault, api_secret=CANARY)
    (vault.path.parent / KEY_FILE).unlink()

    with pytest.raises(VaultError, match="the guardian that run may have it") as refused:
        vault.check()
    assert refused.value.code == "no_vault_key"
    assert "begin anew" not in str(refused.value)


def test_a_key_that_a_unit_was_not_handed_and_that_lies_nowhere_is_told_to_be_lost(vault, tmp_path):
    (vault.path.parent / KEY_FILE).unlink()
    handed = Vault(Place(vault.path.parent, str(handed_over(tmp_path / "unit", {}, by_list=False))))

    with pytest.raises(VaultError, match="every credential must be put in again") as refused:
        handed.check()
    assert refused.value.code == "no_vault_key"


def test_another_key_is_found_out_before_anything_is_sealed_under_it(vault):
    vault_keys.write_keys(vault.path.parent / KEY_FILE, (vault_keys.new_key(),))

    assert code_of(partial(put, vault, pin="123456")) == "vault_locked"
    assert vault.rows() == ()


def test_a_passphrase_opens_what_was_sealed_with_it_and_no_other_does(tmp_path):
    folder = tmp_path / "state"
    vault = under(WORDS, folder)
    vault.begin(NOW, WORDS, CHEAP)
    put(vault, api_secret=CANARY)

    assert vault.asks_passphrase()
    assert vault.open("home", "api_secret").reveal() == CANARY
    assert not (folder / KEY_FILE).exists()
    other = under(Secret("four other words of a vault"), folder)
    assert code_of(partial(other.open, "home", "api_secret")) == "vault_locked"
    assert code_of(partial(put, other, pin="123456")) == "vault_locked"


def test_where_nobody_can_be_asked_for_a_passphrase_it_says_where_to_hand_it_over(tmp_path):
    vault_in(tmp_path / "state").begin(NOW, WORDS, CHEAP)

    with pytest.raises(VaultError, match=r"as the credential vault\.passphrase of the unit"):
        vault_in(tmp_path / "state").check()


def test_a_passphrase_may_be_handed_over(tmp_path):
    vault = under(WORDS, tmp_path / "state")
    vault.begin(NOW, WORDS, CHEAP)
    put(vault, api_secret=CANARY)
    handed = tmp_path / "handed"
    handed.mkdir(mode=0o700)
    (handed / "vault.passphrase").write_text(f"{WORDS.reveal()}\n")
    (handed / "vault.passphrase").chmod(0o400)

    inside = vault_in(tmp_path / "state", credentials=str(handed))
    assert inside.open("home", "api_secret").reveal() == CANARY
    (handed / "vault.passphrase").chmod(0o444)
    assert code_of(inside.check) == "bad_settings"


@pytest.mark.parametrize("by_list", [True, False], ids=["access list", "its modes"])
def test_a_vault_opens_by_what_one_user_is_let_into_by_an_access_list(vault, tmp_path, by_list):
    put(vault, api_secret=CANARY)
    key = vault.path.parent / KEY_FILE
    folder = handed_over(tmp_path / "unit", {KEY_FILE: key.read_bytes()}, by_list=by_list)
    key.unlink()
    assert vault_in(vault.path.parent, credentials=str(folder)).check() == 1

    under(WORDS, tmp_path / "other").begin(NOW, WORDS, CHEAP)
    words = {"vault.passphrase": WORDS.reveal().encode()}
    folder = handed_over(tmp_path / "another", words, by_list=by_list)
    assert vault_in(tmp_path / "other", credentials=str(folder)).check() == 0


@pytest.mark.parametrize("words", ["", "short", "lone \udcff half of a pair"])
def test_a_passphrase_that_is_none_is_refused(tmp_path, words):
    vault = vault_in(tmp_path / "state")

    assert code_of(lambda: vault.begin(NOW, Secret(words), CHEAP)) == "vault_refused"
    assert not vault.path.exists()


def test_a_key_that_lies_there_goes_before_a_passphrase(tmp_path):
    vault = vault_in(tmp_path / "state")
    vault_keys.write_keys(vault.path.parent / KEY_FILE, (vault_keys.new_key(),))

    assert code_of(lambda: vault.begin(NOW, WORDS, CHEAP)) == "vault_refused"


@pytest.mark.untraced
def test_the_preset_cost_is_what_its_source_asks_for_and_its_key_is_bound_to_the_salt():
    keys = {vault_keys.key_of(WORDS, salt, PRESET) for salt in (b"a" * 16, b"b" * 16)}

    assert (2**PRESET.log2_n, PRESET.r, PRESET.p) == (131_072, 8, 1)
    assert len(keys) == 2


# Rotation.


def test_after_a_rotation_the_old_key_opens_nothing_and_everything_is_what_it_was(vault):
    put(vault, api_key="one", api_secret=CANARY)
    path = vault.path.parent / KEY_FILE
    (old,) = read_keys(path)
    before = vault.rows()

    assert vault.rotate(NOW + 1) == 2
    (new,) = read_keys(path)
    assert new != old
    assert {row.key for row in vault.rows()} == {name_of(new)}
    assert [row.written_ns for row in vault.rows()] == [row.written_ns for row in before]
    assert vault.open("home", "api_secret").reveal() == CANARY
    vault_keys.write_keys(path, (old,))
    assert code_of(vault.check) == "vault_locked"


@pytest.mark.parametrize("falls_at", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_a_rotation_that_is_cut_short_leaves_a_key_for_every_row_and_is_done_again(
    vault, monkeypatch, falls_at, after
):
    """It writes three times: both keys, the rows, the new key alone."""
    put(vault, api_key="one", api_secret=CANARY)
    count, write = 0, secret_file.write_secret

    def falling(path, data):
        nonlocal count
        count += 1
        if count == falls_at and not after:
            raise SettingsError("the disk refused", "secret_unusable")
        write(path, data)
        if count == falls_at:
            raise SettingsError("the disk refused", "secret_unusable")

    with monkeypatch.context() as patched:
        patched.setattr("daemon.storage.vault.write_secret", falling)
        patched.setattr("daemon.storage.vault_keys.write_secret", falling)
        assert code_of(partial(vault.rotate, NOW)) == "secret_unusable"
    assert count == falls_at
    assert vault.check() == 2
    assert vault.open("home", "api_secret").reveal() == CANARY

    assert vault.rotate(NOW) == 2
    assert len(read_keys(vault.path.parent / KEY_FILE)) == 1
    assert vault.open("home", "api_secret").reveal() == CANARY


def test_a_row_that_cannot_be_opened_stops_a_rotation_before_anything_is_changed(vault):
    put(vault, api_key="one", api_secret=CANARY)
    edited(vault, lambda document: swap(document, "sealed"))
    held = [(path, path.read_bytes()) for path in (vault.path, vault.path.parent / KEY_FILE)]

    assert code_of(partial(vault.rotate, NOW)) == "vault_altered"
    assert [(path, path.read_bytes()) for path, _ in held] == held


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.just(None),
            st.tuples(
                st.sampled_from(["a", "b"]), st.sampled_from(ASKED), st.text("xyz", min_size=1)
            ),
        ),
        max_size=8,
    )
)
def test_however_often_it_is_rotated_in_between_each_credential_is_the_last_one_put_in(
    tmp_path_factory, steps
):
    vault = vault_in(tmp_path_factory.mktemp("vault"))
    vault.begin(NOW)
    meant: dict[tuple[str, str], str] = {}
    for step in steps:
        if step is None:
            vault.rotate(NOW)
            continue
        account, field, text = step
        vault.put(account, {field: Secret(text)}, NOW)
        meant[account, field] = text

    assert {
        (r.account, r.field): vault.open(r.account, r.field).reveal() for r in vault.rows()
    } == meant


def test_a_rotation_of_a_passphrase_takes_another_one_and_another_salt(tmp_path):
    folder, new = tmp_path / "state", Secret("quite another passphrase")
    vault = under(WORDS, folder)
    vault.begin(NOW, WORDS, CHEAP)
    put(vault, api_secret=CANARY)
    salt = json.loads(vault.path.read_text())["salt"]

    assert code_of(partial(vault.rotate, NOW)) == "vault_refused"
    assert vault.rotate(NOW, new) == 1
    assert json.loads(vault.path.read_text())["salt"] != salt
    assert under(new, folder).open("home", "api_secret").reveal() == CANARY
    assert code_of(vault.check) == "vault_locked"


def test_a_key_that_was_handed_over_is_changed_where_it_comes_from(vault, tmp_path):
    put(vault, api_secret=CANARY)
    handed = tmp_path / "handed"
    handed.mkdir(mode=0o700)
    (vault.path.parent / KEY_FILE).rename(handed / KEY_FILE)
    inside = vault_in(vault.path.parent, credentials=str(handed))

    with pytest.raises(VaultError, match="ordo vault rotate --key PATH"):
        inside.rotate(NOW)
    named = vault_in(vault.path.parent, key=handed / KEY_FILE)
    assert named.rotate(NOW) == 1
    assert inside.open("home", "api_secret").reveal() == CANARY


def test_a_key_is_made_where_a_person_names_a_file_that_is_not_there(tmp_path):
    apart = tmp_path / "apart"
    apart.mkdir(mode=0o700)
    vault = vault_in(tmp_path / "state", key=apart / "keys")
    vault.begin(NOW)
    put(vault, api_secret=CANARY)

    assert not (tmp_path / "state" / KEY_FILE).exists()
    assert vault.open("home", "api_secret").reveal() == CANARY


def test_a_named_key_in_a_folder_that_others_write_to_is_refused(vault, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o700)
    (vault.path.parent / KEY_FILE).rename(shared / KEY_FILE)
    named = vault_in(vault.path.parent, key=shared / KEY_FILE)
    shared.chmod(0o755)
    assert named.check() == 0
    shared.chmod(0o775)

    assert code_of(named.check) == "secret_exposed"


def test_what_a_later_version_has_sealed_is_refused_without_being_quoted(vault):
    put(vault, api_key="one")
    ring = vault_keys.KeyRing(read_keys(vault.path.parent / KEY_FILE))
    sealed = ring.seal(json.dumps({"version": 2, "words": CANARY}).encode(), NOW)
    edited(vault, lambda document: document["rows"][0].update(sealed=sealed))

    assert code_of(partial(vault.open, "home", "api_key")) == "vault_altered"

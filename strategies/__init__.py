"""The strategies that Ordo ships: TOML files beside this module."""

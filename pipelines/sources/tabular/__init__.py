"""Tables of any layout as a source: a TOML mapping says which file is which entity (README.md)."""

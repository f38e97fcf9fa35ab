"""The documents that `--json` prints: their types, and their JSON schemas as files."""

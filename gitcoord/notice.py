"""The base of all notices."""

import msgspec


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="notice"):
    """Base of all notices."""

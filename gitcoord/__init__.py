"""gitcoord: the Git-native coordinator for many workers on one repository."""

__version__ = "0.1.0"

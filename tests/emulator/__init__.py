"""Tests of the emulated GitHub itself."""

"""Tests of engines. A failed assertion of the contract shows its values."""

import pytest

pytest.register_assert_rewrite("tests.engines.contract")

import pytest

pytest.register_assert_rewrite("tests.running.engines.contract")

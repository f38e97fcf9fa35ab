"""Settings: where they are read from, and what is said when they are wrong."""

import json
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.settings import Settings
from gitcoord.settings_file import load_settings
from gitcoord.settings_schema import SCHEMA, settings_schema


def test_without_a_file_or_a_working_tree_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == load_settings(None) == Settings()


def test_the_own_file_wins_over_the_table_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gitcoord]\nmax-parallel = 2\n")
    assert load_settings(tmp_path).max_parallel == 2
    (tmp_path / "gitcoord.toml").write_text('strategy = "multi-pr"\nmax-parallel = 7\n')
    assert load_settings(tmp_path).max_parallel == 7
    assert load_settings(tmp_path).strategy == "multi-pr"


@pytest.mark.parametrize(
    ("text", "problem", "way_out"),
    [
        ('strategy = "both"', '`strategy` must be one of multi-pr, single-pr, not "both"', ""),
        ('strategy = "multi_pr"', "`strategy` must be one of", "Did you mean `multi-pr`?"),
        ("speed = 3", "`speed` is not known in the settings", "gitcoord help reference"),
        ("max_paralel = 3", "`max_paralel` is not known in the settings", "Did you mean `max-parallel`?"),
        ("[run]\nTime-Out = '3h'", "`run.Time-Out` is not known in [run]", "Did you mean `run.timeout`?"),
        ("timeout = '3h'", "`timeout` is not known in the settings", "`timeout` belongs under [run]."),
        ("[run]\nbase = 'x'", "`run.base` is not known in [run]", "`base` belongs at the top."),
        ('max-parallel = "many"', '`max-parallel` must be a whole number of at least 1, not "many"', ""),
        ("max-parallel = true", "`max-parallel` must be a whole number of at least 1, not true", ""),
        ("max-parallel = 0", "`max-parallel` must be a whole number of at least 1, not 0", ""),
        ("[run]\nshell = 'yes'", '`run.shell` must be true or false, not "yes"', ""),
        ("[run]\nretries = -1", "`run.retries` must be a whole number of at least 0, not -1", ""),
        ("base = 3", "`base` must be a text in quotes, not 3", ""),
        ("ignore = '*.lock'", '`ignore` must be a list of texts in quotes, not "*.lock"', ""),
        ("ignore = [1]", "`ignore` must be a list of texts in quotes, not 1", ""),
        ("run = 'make'", '`run` must be a table, not "make"', "[run]"),
        ("[run]\ntimeout = 'soon'", '`run.timeout` must be a duration, not "soon"', "30m"),
        ("[run]\nstagger = '-3s'", '`run.stagger` must be a duration, not "-3s"', "30m"),
        ("[run]\ntimeout = 30", "`run.timeout` must be a text in quotes, not 30", ""),
        ("[rules]\npreset = ['pyton']", 'not "pyton"', "Did you mean `python`?"),
        ("[rules]\non-scratch = 'keep'", "`rules.on-scratch` must be one of allow, drop, refuse", ""),
        (
            '[pull-requests]\ntitle = "$nobody: $order"',
            "`pull-requests.title` has $nobody, $order",
            "$branch",
        ),
        ("[rules]\nregenerate = 'uv lock'", "must be a table of patterns and commands, not", ""),
        ("[rules.regenerate]\n'uv.lock' = ' '", '`rules.regenerate` has no command for "uv.lock"', ""),
        ('[run]\ncommit-message = "$who: $order"', "`run.commit-message` has $who, $order", "$branch"),
        ('[run]\ncommit-message = "costs 5 $"', "`run.commit-message` has a `$` without a name", "$$"),
        ('[run]\ncommit-message = "\\n"', "`run.commit-message` must be printable text", "chore"),
        ('[run]\ncommit-message = "a\\u0000"', "`run.commit-message` has a NUL character", "Remove it."),
        ('[run]\nagent = "a\\u0000"', "`run.agent` has a NUL character", "Remove it."),
        ('[engines.ssh]\nhosts = ["a", "\\u0000"]', "`engines.ssh.hosts` has a NUL character", "Remove it."),
        ('[repositories]\napi = "\\u0000"', "`repositories.api` has a NUL character", "Remove it."),
        (f"[repositories]\n{'a' * 61} = '../a'", "is not a valid name", "at most 60 characters"),
        ('[pull-requests]\nbody = "costs 5 $"', "`pull-requests.body` has a `$` without a name", "$checked"),
        ("repositories = 'api'", '`repositories` must be a table, not "api"', "[repositories]"),
        ("[repositories]\napi = 3", "`repositories.api` does not say where", '"../api"'),
        ("[repositories]\nhome = '../a'", "`repositories.home` is not a valid name", "this repository"),
        ("[repositories]\nHome = '../a'", "`repositories.Home` is not a valid name", "this repository"),
        ("[repositories]\n-a = '../a'", "`repositories.-a` is not a valid name", "letters"),
        ("[repositories.api]\nat = 'x'\nmethod = 'x'", "`repositories.api.method` must be one of", ""),
        ("[repositories]\na-b = 'x'\na_b = 'y'", "`repositories.a-b` are too similar", ""),
        ('task-branch = "work"', "must contain {task}", ""),
        ('level-branch = "work"', "must contain {level}", ""),
        (
            "[run]\npass-environment = ['GH_TOKEN=1']",
            '`run.pass-environment` must hold names of variables, not "GH_TOKEN=1"',
            "GH_TOKEN",
        ),
        ("[run]\nlog-megabytes = 0", "`run.log-megabytes` must be a number of at least 0.01, not 0", ""),
        ('state-prefix = "gitcoord"', "must look like refs/gitcoord/", ""),
        ("base = \nx", "is not valid TOML: Invalid value (at line 1, column 8)", "Fix that line."),
        ("base = 'm\xe9", "is not UTF-8 in line 1", "Fix it."),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_a_way_out(
    text: str, problem: str, way_out: str, tmp_path: Path
) -> None:
    (tmp_path / "gitcoord.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(GitcoordError) as failure:
        load_settings(tmp_path)
    assert failure.value.exit == Exit.USAGE
    assert problem in failure.value.message
    assert "gitcoord.toml" in failure.value.message
    assert way_out in failure.value.hint


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "gitcoord.toml").write_text("max-parallel = 0\n[run]\nagnet = 'x'\n")
    with pytest.raises(GitcoordError) as failure:
        load_settings(tmp_path)
    first, second = failure.value.message.split("\n")
    assert ("max-parallel" in first, "run.agnet" in second) == (True, True)


def test_a_wrong_pace_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "gitcoord.toml").write_text("[run]\npublish-progress = 'soon'\n")
    with pytest.raises(GitcoordError) as failure:
        load_settings(tmp_path)
    assert failure.value.message.count("run.publish-progress") == 1


def test_a_file_with_a_dot_is_read_too_and_two_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".gitcoord.toml").write_text("\ufeffmax-parallel = 3\r\n", encoding="utf-8")
    assert load_settings(tmp_path).max_parallel == 3
    (tmp_path / "gitcoord.toml").write_text("")
    with pytest.raises(GitcoordError, match=r"both gitcoord.toml and .gitcoord.toml"):
        load_settings(tmp_path)


@pytest.mark.parametrize("text", ["[tool]\ngitcoord = 3\n", "[tool.gitcoord]\nspeed = 3\n"])
def test_what_is_wrong_in_pyproject_is_told_of_its_table(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(GitcoordError, match=r"\[tool.gitcoord\] in pyproject.toml"):
        load_settings(tmp_path)
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    assert load_settings(tmp_path) == Settings()


def test_words_for_no_limit_are_no_durations_that_are_wrong(tmp_path: Path) -> None:
    for word in ("", "none", "0", "90s", "1h30m"):
        (tmp_path / "gitcoord.toml").write_text(f"[run]\ntimeout = '{word}'\n")
        assert load_settings(tmp_path).run.timeout == word


def test_the_schema_in_the_package_is_that_of_the_types() -> None:
    same = json.loads(SCHEMA.read_text(encoding="utf-8")) == settings_schema()
    assert same, "python -m gitcoord.settings_schema"


def test_the_schema_judges_as_the_reader_does(tmp_path: Path) -> None:
    schema = jsonschema_rs.validator_for(settings_schema())
    for text in ("max-parallel = 2", "[run]\ntimeout = '1h'", "[rules]\npreset = ['python']"):
        assert schema.is_valid(tomllib.loads(text))
    for text in ("max-parallel = 0", "max_parallel = 2", "[rules]\npreset = ['cobol']", "[run]\nshell = 1"):
        assert not schema.is_valid(tomllib.loads(text))

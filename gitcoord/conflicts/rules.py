"""Rules for paths: gitignore-style patterns from the settings, from presets and from options.

A path has at most one rule. The settings take precedence over presets; in each, the order is `regenerate`,
`union`, `ignore`, `scratch`, `exclusive`, `hub`. Within a rule, the last pattern that matches counts, as in
.gitignore; `!` excludes a path from one rule, also from a preset's.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from gitcoord.errors import usage_error
from gitcoord.settings import RuleSettings

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
from gitcoord.settings import Preset

_COMMON_SCRATCH: Final = (
    *("*.orig", "*.rej", "*.swp", "*~", ".DS_Store", "Thumbs.db", "nohup.out"),
    *(".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache*/", ".claude/settings.local.json"),
)

PRESETS: Final[dict[Preset, RuleSettings]] = {
    "common": RuleSettings(scratch=_COMMON_SCRATCH),
    "python": RuleSettings(
        hub=("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "**/urls.py"),
        exclusive=("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "**/migrations/[0-9]*.py"),
        scratch=(
            "__pycache__/",
            "*.pyc",
            ".pytest_cache/",
            ".mypy_cache/",
            ".ruff_cache/",
            ".venv/",
            "venv/",
        ),
    ),
    "node": RuleSettings(
        hub=("package.json", "tsconfig*.json", "**/routes.[jt]s", "**/routes.[jt]sx"),
        exclusive=("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock*"),
        scratch=("node_modules/", "npm-debug.log*", ".next/", ".turbo/"),
    ),
    "rust": RuleSettings(hub=("Cargo.toml",), exclusive=("Cargo.lock",), scratch=("target/", "*.rs.bk")),
    "go": RuleSettings(hub=("go.mod", "go.sum", "go.work"), scratch=("*.test", "*.out")),
    "java": RuleSettings(
        hub=("pom.xml", "build.gradle*", "settings.gradle*", "libs.versions.toml"),
        exclusive=("gradle.lockfile", "**/db/migration/V*"),
        scratch=("*.class", "hs_err_pid*.log"),
    ),
    "ruby": RuleSettings(
        hub=("Gemfile", "*.gemspec", "config/routes.rb"), exclusive=("Gemfile.lock", "db/schema.rb")
    ),
    "php": RuleSettings(hub=("composer.json",), exclusive=("composer.lock",), scratch=("vendor/",)),
    "dotnet": RuleSettings(
        hub=("*.sln", "*.csproj", "Directory.Packages.props"),
        exclusive=("packages.lock.json",),
        scratch=("bin/", "obj/"),
    ),
}


Rule = Literal["regenerate", "union", "ignore", "scratch", "exclusive", "hub"]
_RULES: Final[tuple[Rule, ...]] = ("regenerate", "union", "ignore", "scratch", "exclusive", "hub")
OWN: Final = "settings"
SAME_NUMBER: Final = "same number"
"""The source of exclusive places where two branches give new files the same number."""
Place = tuple[str, str, str]
"""An exclusive place: the source of the rule, its pattern, and the directory."""


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rule for one path, its pattern, and the source of the pattern."""

    path: str
    rule: Rule
    pattern: str
    source: str


class Rulebook:
    """Finds the rule for a path.

    `ignore`: an overlap in the path does not count. `hub`: many tasks change the path, and only a failing
    merge counts. `exclusive`: only one task may change it at a time. `union`: a merge keeps the lines of both
    sides. `scratch`: it must not land. `regenerate`: it is never merged; a command generates it again.
    """

    def __init__(self, settings: RuleSettings | None = None, ignore: Sequence[str] = ()) -> None:
        """`ignore` are additional patterns. Raises `bad-ignore` or `bad-rule` (exit 2)."""
        own = settings or RuleSettings()
        self._sections: list[tuple[Rule, str, GitIgnoreSpec]] = []
        self.patterns: dict[Rule, tuple[str, ...]] = {}
        told: list[str] = []
        for name, section in ((OWN, own), *((f"preset {name}", PRESETS[name]) for name in own.preset)):
            for rule in _RULES:
                patterns = tuple(getattr(section, rule))
                if rule == "ignore" and name == OWN:
                    patterns = (*patterns, *ignore)
                if patterns:
                    self._sections.append((rule, name, _spec(rule, patterns)))
                    self.patterns[rule] = (*patterns, *self.patterns.get(rule, ()))
                    told += [rule, name, *patterns, ""]
        self.commands: Mapping[str, str] = own.regenerate
        """The commands that generate files, by the patterns of `regenerate`."""
        self.same_number = own.same_number == "exclusive"
        told.append(own.same_number)
        self.digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()
        """Equal for equivalent rulebooks."""
        self._known: dict[str, RuleMatch | None] = {}

    def decide(self, path: str) -> RuleMatch | None:
        """Returns the rule for `path`; None if there is none."""
        if not self._sections:
            return None
        if path not in self._known:
            self._known[path] = self._look_up(path)
        return self._known[path]

    def by(self, rule: Rule, paths: Iterable[str]) -> tuple[str, ...]:
        """Returns those of `paths` that `rule` applies to."""
        if rule not in self.patterns:
            return ()
        return tuple(path for path in paths if (found := self.decide(path)) and found.rule == rule)

    def decisions(self, paths: Iterable[str]) -> tuple[RuleMatch, ...]:
        """Returns the rule for each of `paths` that has one."""
        if not self._sections:
            return ()
        return tuple(found for path in paths if (found := self.decide(path)))

    @property
    def keeps_apart(self) -> bool:
        """Whether any path is exclusive. Generated files are, if a branch changes nothing else."""
        return self.same_number or "exclusive" in self.patterns or "regenerate" in self.patterns

    def exclusive_place(self, path: str) -> Place | None:
        """Returns the exclusive place that `path` belongs to; None if there is none.

        A place is everything that the pattern matches; for a pattern that matches at any depth, such as
        `poetry.lock` or `**/migrations/*.py`, everything that it matches in one directory.
        """
        found = self.decide(path)
        if found is None or found.rule != "exclusive":
            return None
        return found.source, found.pattern, _where(found.pattern, path)

    def _look_up(self, path: str) -> RuleMatch | None:
        taken_out: set[Rule] = set()
        for rule, source, spec in self._sections:
            found = spec.check_file(path)
            if found.include is None or found.index is None or rule in taken_out:
                continue
            if found.include:
                pattern = str(getattr(spec.patterns[found.index], "pattern", ""))
                return RuleMatch(path=path, rule=rule, pattern=pattern, source=source)
            taken_out.add(rule)
        return None


def rulebook(settings: RuleSettings, ignore: tuple[str, ...] = ()) -> Rulebook:
    """Returns the rulebook of the settings; makes it only once."""
    key = msgspec.json.encode((settings, ignore))
    if key not in _made:
        _made[key] = Rulebook(settings, ignore)
    return _made[key]


_made: dict[bytes, Rulebook] = {}


def _where(pattern: str, path: str) -> str:
    """The directory in which a pattern matched `path`; empty for a pattern anchored at the root."""
    if pattern.startswith("**/"):
        return path.rpartition("/")[0]
    name = pattern.rstrip("/")
    if "/" in name:
        return ""
    parts = path.split("/")
    at = next((place for place, part in enumerate(parts) if fnmatchcase(part, name)), len(parts) - 1)
    return "/".join(parts[:at])


def _spec(rule: Rule, patterns: Sequence[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise usage_error(
                "bad-ignore" if rule == "ignore" else "bad-rule",
                f"{pattern!r} is not a pattern for paths ({rule}): {error}.",
                "Patterns are written as in .gitignore, for example `docs/**` or `*.lock`.",
            ) from error
    return GitIgnoreSpec.from_lines(patterns)

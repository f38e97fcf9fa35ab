"""Rules for common ecosystems, by the names for `preset` in the settings."""

from typing import Final

from gitcoord.settings import Preset, RuleSettings

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

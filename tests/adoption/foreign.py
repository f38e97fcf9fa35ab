"""A repository that knows nothing of gitcoord, with pull requests that people and agents have opened."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import Ran, gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.person import Person
from tests.support.repos import Content, Repo

MAIN = "".join(f"line {number}\n" for number in range(1, 41))


def changed(*lines: int, by: str) -> str:
    """The file with these lines changed."""
    return "".join(
        f"line {number} {by}\n" if number in lines else f"line {number}\n" for number in range(1, 41)
    )


class Foreign:
    """The repository `acme/app` on the emulated GitHub, and a clone that commands run in."""

    def __init__(self, hub: GitHubEmulator, directory: Path) -> None:
        self.hub = hub
        self.app = hub.make_repository("acme/app")
        self.remote = Repo(self.app.git_dir)
        self.remote.commit({"src/main.rs": MAIN}, "first commit")
        self.desk = Repo(directory / "desk")
        self.remote.git("clone", "--quiet", "--", self.app.authenticated_url, str(self.desk.path))
        self.person = Person(self.app)

    def pull(
        self,
        branch: str,
        files: Mapping[str, Content],
        *,
        at: str = "main",
        onto: str = "main",
        body: str = "",
    ) -> int:
        """Somebody opens a pull request; returns its number."""
        self.remote.commit(files, f"Work on {branch}", branch=branch, at=at)
        return self.person.open(branch, onto, f"Title of {branch}", body)

    def run(self, *arguments: str, ok: int | None = None) -> Ran:
        """Runs gitcoord at the desk."""
        return gitcoord(*arguments, cwd=self.desk.path, env=self.hub.environment(), ok=ok)

    def heads(self) -> dict[str, str]:
        """Every branch with its tip."""
        return {ref: oid for ref, oid in self.remote.refs().items() if ref.startswith("refs/heads/")}

    def words(self) -> dict[int, tuple[str, str | None]]:
        """Title and text of every pull request."""
        return {number: (pull.title, pull.body) for number, pull in self.app.pulls.items()}


def eight(foreign: Foreign) -> None:
    """Eight pull requests: the first conflicts with three others, which do not with each other; two stack."""
    foreign.pull("agent/all", {"src/main.rs": changed(5, 20, 35, by="all")})
    foreign.pull("agent/top", {"src/main.rs": changed(5, by="top")})
    foreign.pull("agent/middle", {"src/main.rs": changed(20, by="middle")})
    foreign.pull("agent/end", {"src/main.rs": changed(35, by="end")})
    foreign.pull("docs", {"docs/guide.md": "guide\n"})
    foreign.pull("stack/one", {"one.txt": "1\n"})
    foreign.pull("stack/two", {"two.txt": "2\n"}, at="stack/one", onto="stack/one")
    foreign.pull("after", {"after.txt": "after\n"}, body="Nice work.\n\nDepends on #5, of course.")

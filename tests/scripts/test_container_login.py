"""How `scripts/container-base.sh` signs in: the tokens that GitHub's own program takes, and a GitHub App."""

from pathlib import Path

from tests.support.container import ForkedContainer as Container
from tests.support.container import work_in_base
from tests.support.github import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]


def test_a_worker_signs_in_to_an_enterprise_server_as_the_gh_program_would(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    server = {"GITHUB_SERVER_URL": hub.url, "GITHUB_API_URL": f"{hub.url}/api/v3", "GITHUB_TOKEN": "wrong"}
    env = {**hub.environment(), **server, "GH_ENTERPRISE_TOKEN": hub.token}
    shared = {"remote": Repo(app.git_dir), "url": app.authenticated_url}
    project = Project.create(tmp_path, independent("1"), env=env, **shared)  # type: ignore[arg-type]
    ran = Container(project, "1", REPOSITORY_URL=app.clone_url, **env).run()
    assert hub.token not in ran.out + ran.err
    assert set(work_in_base(project)) == {"work/1.txt"}
    assert app.merges == {1: 1}


def test_a_container_with_a_github_app_alone_clones_works_and_lands(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    app, robot = hub.make_repository("acme/app"), hub.make_app("acme/app")
    content = Repo(app.git_dir)
    env = {**hub.environment(), "GITHUB_SERVER_URL": hub.url}
    project = Project.create(tmp_path, independent("1"), remote=content, url=app.authenticated_url, env=env)
    signed = {**env, "GITHUB_TOKEN": "", "GITCOORD_APP_ID": str(robot.id)}
    signed["GITCOORD_APP_PRIVATE_KEY"] = robot.private_key
    container = Container(project, "1", REPOSITORY_URL=app.clone_url, **signed)
    ran = container.with_agent(
        "env > ../../seen; git config --list --show-origin >> ../../seen; echo 1 > 1.txt"
    ).run()
    assert "1.txt" in content.files("main")
    seen = (container.workdir / "seen").read_text()
    files = [file.read_bytes() for file in (container.workdir / ".git").rglob("*") if file.is_file()]
    assert robot.tokens
    for token in robot.tokens:
        assert token.text not in ran.out + ran.err + seen
        assert not any(token.text.encode() in file for file in files)
    assert "GITCOORD_APP" not in seen

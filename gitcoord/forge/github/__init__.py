"""Pull requests on GitHub, over REST. The only room that knows PyGithub; importing it loads PyGithub."""

from gitcoord.forge.github.connect import open_github
from gitcoord.forge.github.forge import GitHubForge

__all__ = ["GitHubForge", "open_github"]

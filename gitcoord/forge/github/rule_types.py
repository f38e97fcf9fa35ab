"""GitHub's answers about the protection of a branch, as typed values: classic protection and rulesets."""

import msgspec

from gitcoord.forge.github.api_types import Answer


class CheckName(Answer, frozen=True):
    """A required check in classic branch protection."""

    context: str
    app_id: int | None = None


class RequiredChecksAnswer(Answer, frozen=True):
    """The required checks of classic branch protection."""

    contexts: tuple[str, ...] = ()
    checks: tuple[CheckName, ...] = ()
    strict: bool = False


class ProtectionSummary(Answer, frozen=True):
    """The part of a branch's classic protection that everybody with read access sees."""

    enabled: bool = False
    required_status_checks: RequiredChecksAnswer | None = None


class BranchAnswer(Answer, frozen=True):
    """`GET …/branches/{branch}`."""

    protected: bool = False
    protection: ProtectionSummary | None = None


class RequiredReviewsAnswer(Answer, frozen=True):
    """The required reviews of classic branch protection."""

    required_approving_review_count: int = 0


class Switch(Answer, frozen=True):
    """A setting of a protection that is on or off."""

    enabled: bool = False


class NamedMover(Answer, frozen=True):
    """A user (with `login`), team or app (with `slug`) that may push to a restricted branch."""

    login: str = ""
    slug: str = ""


class RestrictionsAnswer(Answer, frozen=True):
    """The users, teams and apps that may push to a branch."""

    users: tuple[NamedMover, ...] = ()
    teams: tuple[NamedMover, ...] = ()
    apps: tuple[NamedMover, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of all users, teams and apps; those of teams and apps have a prefix."""
        people = {user.login for user in self.users}
        return frozenset(people | {f"team {team.slug}" for team in self.teams} | self._apps)

    @property
    def _apps(self) -> set[str]:
        return {f"app {app.slug}" for app in self.apps}


class ProtectionAnswer(Answer, frozen=True):
    """`GET …/branches/{branch}/protection`, for administrators."""

    required_status_checks: RequiredChecksAnswer | None = None
    required_pull_request_reviews: RequiredReviewsAnswer | None = None
    required_linear_history: Switch = Switch()
    required_signatures: Switch = Switch()
    restrictions: RestrictionsAnswer | None = None


class RuleAnswer(Answer, frozen=True):
    """A rule of the rulesets that apply to a branch; the content of `parameters` depends on the type."""

    type: str
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


class RuleCheck(Answer, frozen=True):
    """A required check in a ruleset."""

    context: str
    integration_id: int | None = None


class CheckParameters(Answer, frozen=True):
    """The parameters of a `required_status_checks` rule."""

    required_status_checks: tuple[RuleCheck, ...] = ()
    strict_required_status_checks_policy: bool = False


class ReviewParameters(Answer, frozen=True):
    """The parameters of a `pull_request` rule."""

    required_approving_review_count: int = 0

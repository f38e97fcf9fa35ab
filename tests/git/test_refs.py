"""Which refs exclude each other."""

from gitcoord.git.refs import name_clashes

WANTED = ["refs/heads/feature/a", "refs/heads/other"]


def test_a_ref_is_neither_a_directory_of_another_nor_in_one() -> None:
    for other in ("refs/heads/feature", "refs/heads/feature/a/b", "refs/heads/feature/a/b/c"):
        assert name_clashes(WANTED, ["refs/heads/main", other]) == {WANTED[0]: other}
    assert name_clashes(WANTED, ["refs/heads/feature/b", "refs/heads/feat", *WANTED]) == {}


def test_where_case_does_not_count_names_that_differ_in_case_only_exclude_each_other() -> None:
    for other in ("refs/heads/Feature", "refs/heads/feature/A", "refs/heads/FEATURE/a/b"):
        assert name_clashes(WANTED, [other]) == {}
        assert name_clashes(WANTED, [other], ignore_case=True) == {WANTED[0]: other}
    assert name_clashes(WANTED, WANTED, ignore_case=True) == {}

"""Who can sign in at the demo's provider, and their groups."""

from __future__ import annotations

import threading

from kubectl_oidc.demo.provider.people import ADMINS, CLAIM_PREFIX, Directory, Person, team

ALICE = Person("1", "alice@example.com", "Alice Archer")
BOB = Person("2", "bob@example.com", "Bob Baker")


def directory() -> Directory:
    return Directory([(ALICE, ["everyone", "eks-admins", "eks-viewers", "my-eks-group"]), (BOB, [])])


def test_people_are_found_by_their_address() -> None:
    """In their order. An unknown person is None, and in no group."""
    people = directory()
    assert list(people.people.values()) == [ALICE, BOB]
    assert people.people["alice@example.com"] == ALICE
    assert "Alice@example.com" not in people.people
    assert people.groups("carol@example.com") == ()
    assert people.claimed_groups("carol@example.com") == []


def test_the_claim_has_only_groups_with_the_prefix() -> None:
    assert CLAIM_PREFIX == "eks-"
    assert directory().claimed_groups(ALICE.email) == ["eks-admins", "eks-viewers"]


def test_groups_change_only_for_one_person() -> None:
    """Leaving and joining twice changes nothing more."""
    people = directory()
    people.leave(ALICE.email, "eks-admins")
    people.leave(ALICE.email, "eks-admins")
    assert people.claimed_groups(ALICE.email) == ["eks-viewers"]
    people.join(ALICE.email, "eks-admins")
    people.join(ALICE.email, "eks-admins")
    assert people.groups(ALICE.email) == ("everyone", "eks-viewers", "my-eks-group", "eks-admins")
    assert people.groups(BOB.email) == ()


def test_concurrent_changes_are_all_kept() -> None:
    """The provider answers in many threads."""
    people = directory()
    threads = [threading.Thread(target=people.join, args=(BOB.email, f"group {n}")) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert set(people.groups(BOB.email)) == {f"group {n}" for n in range(50)}


def test_the_team_administers_the_cluster() -> None:
    """Everybody is in the group of the role binding, and has their own subject."""
    people = team()
    assert len({person.subject for person in people.people.values()}) == len(people.people) == 2
    assert all(ADMINS in people.claimed_groups(person.email) for person in people.people.values())

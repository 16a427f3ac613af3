"""The choice of the next question: over the whole bank, and place by place."""

import random
from dataclasses import dataclass, field, replace

import pytest

from mulakat.interview.bank import CATEGORIES, LEVELS, TRIGGERS, Bank, FollowUp
from mulakat.interview.choose import CLOSING, OPENING, choose
from mulakat.interview.chooser import GENERAL, _of_bank
from mulakat.interview.values import Candidate, Choice, Said, Standing
from mulakat.languages import codes

BANK = Bank()


def candidates(language: str, key: str) -> list[Candidate]:
    return [
        _of_bank(question)
        for one in dict.fromkeys((key, GENERAL))
        for question in BANK.questions(language, one)
    ]


COMBINATIONS = [(code, one.key) for code in codes() for one in BANK.fields(code)]


@dataclass
class Person:
    """Answers at random, the same for the same seed; remembers what was asked."""

    seed: int
    asked: list[str] = field(default_factory=list)

    def interview(
        self, offered: list[Candidate], level: str, total: int
    ) -> list[tuple[Standing, Choice]]:
        chance = random.Random(f"{self.seed} {len(self.asked)}")  # noqa: S311  # repeatable
        standing = Standing(
            seed=f"{self.seed}-{len(self.asked)}", level=level, total=total,
            asked=tuple(dict.fromkeys(reversed(self.asked)))[::-1],
        )  # fmt: skip
        steps = []
        while len(standing.said) < total:
            choice = choose(standing, offered)
            if choice is None:
                break
            steps.append((standing, choice))
            score = chance.choice([None, 10, 40, 60, 80, 95])
            gaps = () if score is None else tuple(chance.sample(TRIGGERS, chance.randrange(4)))
            standing = replace(
                standing,
                said=(*standing.said, said(choice, score)),
                gaps=gaps,
                missing=frozenset(chance.sample(range(1, 7), chance.randrange(4))),
            )
        self.asked += [choice.candidate.id for _, choice in steps if choice.follow_up is None]
        return steps


def said(choice: Choice, score: int | None) -> Said:
    one = choice.candidate
    when = choice.follow_up.when if choice.follow_up else None
    return Said(one.id, one.category, one.level, score, when, one.from_document and not when)


@pytest.mark.parametrize(("language", "key"), COMBINATIONS)
def test_in_every_field_and_level_interviews_hold_all_promises(language: str, key: str) -> None:
    offered = candidates(language, key)
    for level in LEVELS:
        for total in (1, 2, 3, 5, 8, 20):
            steps = Person(hash_of(language, key, level, total)).interview(offered, level, total)
            asked = [choice.candidate.id for _, choice in steps if not choice.follow_up]
            assert len(set(asked)) == len(asked)
            assert len(steps) == total or len(asked) == len(offered)
            follow_ups = [n for n, (_, choice) in enumerate(steps) if choice.follow_up]
            assert len(follow_ups) <= total // 3
            for n in follow_ups:
                _, before = steps[n - 1]
                standing, choice = steps[n]
                assert 0 < n < total - 1
                assert before.candidate == choice.candidate
                assert before.follow_up is None
                assert choice.follow_up in before.candidate.follow_ups
                assert choice.follow_up.when in standing.gaps
            assert steps[0][1].candidate.category in OPENING
            if len(asked) < len(offered):  # else whatever is left is asked before the end
                assert (steps[-1][1].candidate.category == CLOSING) == (total >= 3)
                assert CLOSING not in {choice.candidate.category for _, choice in steps[:-1]}


@pytest.mark.parametrize(("language", "key"), COMBINATIONS)
def test_nothing_is_asked_again_while_the_field_has_other_questions(
    language: str, key: str
) -> None:
    offered = candidates(language, key)
    person, seen = Person(7), set[str]()
    for _ in range(2 * len(offered)):
        for _, choice in person.interview(offered, "mid", 5):
            if choice.follow_up:
                continue
            one = choice.candidate
            if one.id in seen:
                assert choice.code == "again"
                assert len(seen) == len(offered)
            seen.add(one.id)
    assert len(seen) == len(offered)


def hash_of(*parts: object) -> int:
    return sum(ord(letter) * (at + 1) for at, letter in enumerate(str(parts)))


@pytest.mark.parametrize(("language", "key"), COMBINATIONS)
def test_levels_stay_within_a_step_while_such_questions_are_left(language: str, key: str) -> None:
    offered = candidates(language, key)
    for level in LEVELS:
        for seed in range(20):
            for standing, choice in Person(seed).interview(offered, level, 5)[1:-1]:
                used = {one.question_id for one in standing.said}
                left = [one for one in offered if one.id not in used and one.category != CLOSING]
                near = any(step(one.level, level) <= 1 for one in left)
                if near and not choice.follow_up:
                    assert step(choice.candidate.level, level) <= 1


def step(one: str, other: str) -> int:
    return abs(LEVELS.index(one) - LEVELS.index(other))


def make(number: int, category: str, level: str = "mid", **changes: object) -> Candidate:
    plain = Candidate(
        id=f"software-{category}-{number}", category=category, level=level, text="Why?",
        guide={"key_points": [], "example": ""},
        follow_ups=(FollowUp("no_result", "And then?"), FollowUp("point_missing", "Who?", 2)),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


ALL = [
    make(number, category, level) for number, level in enumerate(LEVELS) for category in CATEGORIES
]


def standing(*so_far: tuple[str, int | None], **changes: object) -> Standing:
    """How an interview stands after questions of these categories with these scores."""
    plain = Standing(
        seed="s", level="mid", total=9,
        said=tuple(
            Said(f"other-{category}-{n}", category, "mid", score)
            for n, (category, score) in enumerate(so_far)
        ),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_same_standing_gives_the_same_question_and_another_seed_may_not() -> None:
    here = standing(("motivation", 60))
    assert choose(here, ALL) == choose(here, ALL) == choose(here, ALL[::-1])
    others = [choose(replace(here, seed=str(n)), EQUALS) for n in range(20)]
    assert len({one.candidate.id for one in others if one}) > 1


EQUALS = [make(n, "teamwork") for n in range(5)]


def test_knowledge_of_the_field_is_asked_for_early() -> None:
    choice = choose(standing(("motivation", 60)), ALL)
    assert choice
    assert (choice.candidate.category, choice.code) == ("field_knowledge", "new_category")


def test_after_strong_answers_it_is_a_step_harder_and_after_weak_ones_easier() -> None:
    for score, level, word in ((90, "senior", "harder"), (20, "junior", "easier")):
        choice = choose(standing(("motivation", score)), ALL)
        assert choice
        assert (choice.candidate.level, choice.params["step"]) == (level, word)
    for level, bound in (("senior", "senior"), ("intern", "intern")):
        for score in (90, 20):
            choice = choose(standing(*[("motivation", score)] * 4, level=level), ALL)
            assert choice
            assert step(choice.candidate.level, bound) <= 1


def test_a_category_that_went_very_badly_comes_back() -> None:
    so_far = [(one, 70) for one in CATEGORIES if one != CLOSING]
    so_far[so_far.index(("ethics", 70))] = ("ethics", 5)
    choice = choose(standing(*so_far, total=15), ALL)
    assert choice
    assert (choice.candidate.category, choice.code) == ("ethics", "weak_category")


def after(gaps: tuple[str, ...], missing: frozenset[int] = frozenset(), **changes: object) -> str:
    asked = make(1, "teamwork")
    last = Said(asked.id, asked.category, asked.level, 50)
    here = standing(gaps=gaps, missing=missing, **changes)
    choice = choose(replace(here, said=(*here.said, last)), ALL)
    assert choice
    return choice.code


def test_a_follow_up_asks_for_the_gravest_gap_that_its_question_knows() -> None:
    assert after(("no_number", "point_missing", "no_result"), frozenset({2})) == (
        "follow_up_point_missing"
    )
    assert after(("no_number", "point_missing", "no_result"), frozenset({1})) == (
        "follow_up_no_result"
    )
    assert not after(("no_number",)).startswith("follow_up")


def test_there_is_no_follow_up_where_nothing_was_said_or_too_many_came() -> None:
    asked = make(1, "teamwork")
    said_nothing = Said(asked.id, "teamwork", "mid", None)
    choice = choose(standing(gaps=("no_result",), said=(said_nothing,)), ALL)
    assert choice
    assert choice.follow_up is None
    assert not after(("no_result",), total=3).startswith("follow_up")


def of_document(number: int) -> Candidate:
    reason = {"code": "cv", "params": {"skill": "SQL"}}
    return make(number, "field_knowledge", id=f"cv:skill:{number}", reason=reason)


def test_about_a_third_is_asked_from_the_documents_and_never_the_same() -> None:
    offered = [*ALL, *(of_document(n) for n in range(9))]
    for total, least, most in ((3, 1, 1), (5, 1, 2), (10, 2, 4), (20, 5, 7)):
        steps = Person(3).interview(offered, "mid", total)
        asked = [choice for _, choice in steps if choice.code == "cv"]
        assert least <= len(asked) <= most
        assert len({one.candidate.id for one in asked}) == len(asked)
        assert not steps[0][1].candidate.from_document
        assert not steps[-1][1].candidate.from_document
        assert all(one.params == {"skill": "SQL"} for one in asked)


def test_without_questions_there_is_no_choice() -> None:
    assert choose(standing(), []) is None
    used = standing(said=(Said(ALL[0].id, "motivation", "mid", 60),))
    assert choose(used, ALL[:1]) is None

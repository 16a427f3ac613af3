"""A language model as evaluator, held within bounds of the rubric, which stands when it fails.

The model moves a criterion by at most the band, only with a quote that occurs in the answer, and
never upwards where something in the answer addresses the rater.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from mulakat.languages import say
from mulakat.observe.log import logger
from mulakat.providers.language import prompt, verdict
from mulakat.providers.language.protocol import LanguageModel, Reply, Sampling
from mulakat.providers.language.verdict import Verdict
from mulakat.providers.remote import Errand, Failed, Lines
from mulakat.providers.rubric import wording
from mulakat.providers.values import Assessment, Criterion, Material

if TYPE_CHECKING:
    from mulakat.providers.protocols import Evaluator

SPREAD_TEMPERATURE = 0.7
"""Of several samples: at 0 they would be one sample several times, and the spread nothing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`band`: points that a criterion may lie from the rubric's; `samples`: times the model is
    asked; `seconds` for all of it.
    """

    band: int = 15
    samples: int = 1
    seconds: float = 60.0


class Held:
    """An Evaluator. `rubric` lends the deterministic one, which is let go before the model is
    asked: its embedder must not wait in memory for somebody else's computer.
    """

    def __init__(
        self,
        rubric: "Callable[[], AbstractContextManager[Evaluator]]",
        model: LanguageModel,
        bounds: Bounds,
        lines: Lines,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rubric = rubric
        self._model = model
        self._bounds = bounds
        self._lines = lines
        self._monotonic = monotonic

    def evaluate(self, material: Material) -> Assessment:
        """Return the rubric's assessment as the model moves it, or as it is and why."""
        with self._rubric() as rubric:
            base = rubric.evaluate(material)
        explained = prompt.judged(material.language)
        keys = [one.key for one in base.criteria if one.key in explained]
        answer = prompt.shown(material)
        if not keys or not answer:
            return replace(base, fallback="nothing_to_send")
        try:
            samples = self._samples(material, answer, keys)
        except Failed as failure:
            logger("language").warning(
                "the rubric's result stands",
                reason=failure.reason,
                provider=self._model.service.provider,
                model=self._model.service.model,
            )
            return replace(base, fallback=failure.reason)
        return self._moved(material, base, samples)

    def _samples(
        self, material: Material, answer: str, keys: Sequence[str]
    ) -> list[Reply[Verdict]]:
        """Ask as often as wanted; return what came, at least one. Raises Failed."""
        asked, shape = prompt.prompt(material, answer, keys), prompt.schema(keys)
        errand = Errand("evaluate", self._monotonic() + self._bounds.seconds, self._lines)
        count = self._bounds.samples
        temperature = 0.0 if count == 1 else SPREAD_TEMPERATURE
        out: list[Reply[Verdict]] = []
        for number in range(count):
            sampling = Sampling(temperature, seed=1 + number)
            try:
                out.append(
                    self._model.ask(
                        asked, shape, sampling, errand, lambda data: verdict.read(data, keys)
                    )
                )
            except Failed:
                if not out:
                    raise
                break
        return out

    def _moved(
        self, material: Material, base: Assessment, samples: Sequence[Reply[Verdict]]
    ) -> Assessment:
        found = [self._criteria(material, base, one.data) for one in samples]
        totals = [_total(criteria) for criteria in found]
        criteria = tuple(_mean(versions) for versions in zip(*found, strict=True))
        total = round(_total(criteria))
        lacking = [
            one
            for one in criteria
            if say(material.reader, "improvement.line", name=one.name, advice=one.advice)
            in base.improvements
        ]
        service, bounds = self._model.service, self._bounds
        return replace(
            base,
            engine=f"{base.engine}+{service.provider}:{service.model}:{prompt.VERSION}"
            f":±{bounds.band}:{bounds.samples}",
            score=total,
            evaluation=wording.evaluation(material, criteria, lacking, total),
            criteria=criteria,
            strengths=wording.strengths(material.reader, criteria),
            improvements=wording.improvements(material.reader, lacking),
            advice=wording.advice(criteria, base.advice),
            model={
                "provider": service.provider,
                "name": service.model,
                "version": samples[0].version,
                "samples": len(samples),
                "spread": round(stdev(totals), 1) if len(totals) > 1 else None,
                "addressed": any(one.data.addressed for one in samples),
                "tokens_in": _sum(one.tokens_in for one in samples),
                "tokens_out": _sum(one.tokens_out for one in samples),
            },
        )

    def _criteria(
        self, material: Material, base: Assessment, given: Verdict
    ) -> tuple[Criterion, ...]:
        """Return the criteria as one verdict moves them."""
        return tuple(
            self._criterion(material, one, given) if one.key in given.judgements else one
            for one in base.criteria
        )

    def _criterion(self, material: Material, one: Criterion, given: Verdict) -> Criterion:
        judgement = given.judgements[one.key]
        quotes = [verdict.placed(quote, material) for quote in judgement.quotes]
        evidence = tuple(dict.fromkeys(quote for quote in quotes if quote is not None))
        if not evidence:
            return one
        score = hold(judgement.score, one.score, self._bounds.band)
        if given.addressed:
            score = min(score, one.score)
        return replace(one, score=score, evidence=evidence)


def hold(score: int, rubrics: int, band: int) -> int:
    """Return a score held within a band around the rubric's, and within 0–100."""
    return max(0, rubrics - band, min(score, rubrics + band, 100))


def _mean(versions: Sequence[Criterion]) -> Criterion:
    """Return one criterion of several samples: the mean score, the first samples' quotes."""
    evidence = dict.fromkeys(quote for one in versions for quote in one.evidence)
    return replace(
        versions[0],
        score=round(fmean(one.score for one in versions)),
        evidence=tuple(evidence)[: verdict.MOST_QUOTES],
    )


def _total(criteria: Sequence[Criterion]) -> float:
    return sum(one.weight * one.score for one in criteria)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None

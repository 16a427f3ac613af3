"""The result as it is stored and served."""

import json

import encoder
from mulakat import __version__
from mulakat.languages import norms
from mulakat.pipeline import gate, report
from mulakat.pipeline.delivery import measure
from mulakat.providers.values import Material, Pause, Sound

ITEM = encoder.answers()["tr"][0]
SOUND = Sound(
    seconds=40.123,
    speech_seconds=30.0,
    first_speech=0.5,
    last_speech=38.0,
    pauses=(Pause(3.0, 3.4), Pause(10.0, 11.2345)),
    envelope=(0, 50, 100),
    envelope_step=0.2,
    held=(Pause(20.0, 20.5),),
    pitch_range=6.21,
    voice_breaks=2,
    level=("quiet",),
)


def told(material: Material, sound: Sound | None) -> dict[str, object]:
    assessment = gate.not_scored(material) or encoder.rubric().evaluate(material)
    made = report.result(
        material=material,
        assessment=assessment,
        sound=sound,
        transcriber="whisper-base-int8" if sound else None,
        timings={"total": 1.0},
    )
    assert json.loads(json.dumps(made)) == made
    return made


def test_a_spoken_answer_tells_all_with_times_in_hundredths() -> None:
    plain = encoder.spoken(ITEM["question"], "ııı " + ITEM["strong"], "tr", probability=0.987)
    material = encoder.spoken(
        ITEM["question"],
        plain.text,
        "tr",
        probability=0.987,
        delivery=measure(SOUND, plain.words, "tr"),
    )
    made = told(material, SOUND)
    assert made["scored"] is True
    assert made["reason"] is None
    assert made["words"][1] == ["Geçen", 0.4, 0.7, 0.99]  # type: ignore[index]
    assert made["strip"] == {"envelope": [0, 50, 100], "step": 0.2, "seconds": 40.12}
    assert made["engine"] == {
        "transcriber": "whisper-base-int8",
        "evaluator": encoder.rubric().engine,
        "transcriber_fallback": None,
        "embedder": encoder.embedder().engine,
        "version": __version__,
        "fallback": None,
        "model": None,
    }
    delivery = made["delivery"]
    assert isinstance(delivery, dict)
    assert delivery["pauses"]["longer"] == [[10.0, 11.23]]
    assert delivery["fillers"]["items"] == [
        {"text": "ııı", "start": 0.0, "end": 0.3, "heard": False},
        {"text": "ııı", "start": 20.0, "end": 20.5, "heard": True},
    ]
    assert delivery["pauses"]["by_length"] == [1, 0, 1, 0]
    assert (delivery["pitch_range"], delivery["voice_breaks"]) == (6.2, 2)
    assert [one["code"] for one in delivery["level"]] == ["quiet"]
    assert all(one["detail"].endswith(".") for one in delivery["level"])
    assert delivery["norms"]["words_per_minute"] == norms("tr")["words_per_minute"]
    assert "text" not in delivery["norms"]


def test_a_typed_answer_has_no_sound_and_no_words() -> None:
    made = told(encoder.typed(ITEM["question"], ITEM["strong"], "tr"), None)
    assert (made["delivery"], made["strip"], made["words"]) == (None, None, [])
    assert (made["has_audio"], made["audio_url"]) == (False, None)


def test_what_was_not_scored_has_its_reason_and_no_number() -> None:
    made = told(encoder.typed(ITEM["question"], "iyi", "tr"), None)
    assert (made["scored"], made["score"], made["criteria"]) == (False, None, [])
    assert made["reason"] == {"code": "too_little_speech", "detail": made["evaluation"]}
    nothing = dict.fromkeys(
        ("transcriber", "transcriber_fallback", "embedder", "fallback", "model")
    )
    assert made["engine"] == {**nothing, "evaluator": "gate-1", "version": __version__}

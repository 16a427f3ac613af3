"""Levels and the decision between voice and none."""

import numpy as np
import pytest

import speech
from mulakat.providers.loudness import FRAME, SILENCE, levels, runs, voice


def test_a_full_scale_sine_is_3_db_below_full_scale():
    assert levels(speech.tone(1, 300, peak=1.0)).tolist() == pytest.approx([-3.01] * 50, abs=0.01)


def test_digital_silence_has_a_finite_level_and_part_of_a_frame_none():
    assert levels(speech.silence(0.02)).tolist() == [SILENCE]
    assert len(levels(np.zeros(FRAME - 1, np.float32))) == 0


def test_a_click_is_no_voice_and_a_stops_closure_no_pause():
    quiet, loud = [-70.0] * 50, [-20.0]
    heard = voice(np.array(quiet + loud * 3 + quiet + loud * 20 + [-70.0] * 4 + loud * 20 + quiet))
    assert runs(heard) == [(103, 147)]


def test_no_frames_hold_no_voice():
    assert voice(np.zeros(0, np.float32)).tolist() == []

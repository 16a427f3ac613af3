"""The slot for the model."""

import threading

from mulakat.memory.resident import Resident


class Model:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_loads_at_the_first_use_and_keeps_what_it_loaded() -> None:
    slot = Resident(Model, ttl=300)
    assert not slot.loaded
    with slot.use() as first:
        pass
    with slot.use() as second:
        assert second is first
    assert slot.loaded


def test_the_idle_time_starts_at_the_last_release() -> None:
    time = Time()
    slot = Resident(Model, ttl=300, monotonic=time)
    with slot.use() as model:
        time.now = 1000.0
    time.now = 1299.0
    assert not slot.expire()
    time.now = 1300.0
    assert slot.expire()
    assert model.closed
    assert not slot.loaded


def test_what_is_in_use_is_never_let_go() -> None:
    time = Time()
    slot = Resident(Model, ttl=1, monotonic=time)
    with slot.use() as outer:
        with slot.use():
            time.now = 50.0
        time.now = 100.0
        assert not slot.expire()
        assert not outer.closed


def test_asked_to_it_lets_go_before_the_idle_time_but_not_of_what_is_in_use() -> None:
    slot = Resident(Model, ttl=300)
    with slot.use() as model:
        assert not slot.expire(now=True)
    assert slot.expire(now=True)
    assert model.closed
    assert not slot.expire(now=True)


def test_with_a_ttl_of_zero_the_next_look_lets_go() -> None:
    slot = Resident(Model, ttl=0)
    with slot.use() as model:
        assert not slot.expire()
    assert not model.closed  # whoever looks counts it, and knows that there is no model now
    assert slot.expire()
    assert model.closed


def test_two_threads_share_one_load() -> None:
    loads: list[Model] = []

    def load() -> Model:
        loads.append(Model())
        return loads[-1]

    slot = Resident(load, ttl=300)
    start = threading.Barrier(4)

    def use() -> None:
        start.wait()
        with slot.use():
            pass

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1

"""Signatures that are kept: those of short answers, and never so many bytes that memory fills."""

import tracemalloc

from simulator.signing import Keys


def test_an_answer_that_comes_again_has_the_same_signature_short_or_long() -> None:
    keys = Keys.generate()

    for node in (b"{}", b"x" * 10_000):
        assert keys.sign_answer(node) == keys.sign_answer(node)
        assert keys.sign_answer(node, "RSA") != keys.sign_answer(node)


def test_long_answers_are_not_kept() -> None:
    keys = Keys.generate()
    tracemalloc.start()
    for number in range(40):
        keys.sign_answer(b"%d" % number * 100_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 100_000

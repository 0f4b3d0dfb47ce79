"""More than there is: refused with numbers at once, or run in part; the machine keeps memory, the engine goes on."""

from __future__ import annotations

import os
import time

import msgspec
import numpy as np
import pytest
from onnx import helper

from inspector.engine import client
from inspector.engine.machine import free_memory_bytes, gib, reserve_bytes, touched_bytes
from inspector.engine.protocol import Failed, Predicted, Ran, RunImage
from tests.benchmarks import memory

AT_ONCE_SECONDS = 5.0
MIB = 1 << 20


@pytest.fixture(scope="session")
def greedy(tmp_path_factory):
    """Networks that ask for 20 GiB and more, each with what to feed it."""
    folder = tmp_path_factory.mktemp("greedy")
    found = {}
    for title, (path, fed) in memory.cases(folder).items():
        np.save(folder / f"{path.stem}.npy", fed)
        found[path.stem] = path, str(folder / f"{path.stem}.npy"), title
    return found


def ask(conversation, path, fed):
    """The last answer, and the seconds until it came; the child has loaded its libraries before."""
    conversation.engine.send(RunImage(1, str(path), fed))
    began = time.perf_counter()
    reply = conversation.next()
    while isinstance(reply, Predicted):
        reply = conversation.next()
    return reply, time.perf_counter() - began


@pytest.fixture
def warm(talk, signs, ramp):
    conversation = talk(provider="cpu", memory_bytes=6 << 30)
    assert isinstance(conversation.ask(RunImage(0, str(signs), str(ramp))), Ran)
    return conversation


@pytest.mark.parametrize(
    ("stem", "needs", "at"),
    [
        ("static", "20.0 GiB", "'conv'"),
        ("dynamic", "22.3 GiB", "'conv'"),
        ("constant", "20.0 GiB", "'top'"),
        ("many", "21.0 GiB", "'conv "),
    ],
)
def test_what_cannot_fit_is_refused_with_numbers_before_it_runs(warm, greedy, stem, needs, at):
    path, fed, _ = greedy[stem]
    before = free_memory_bytes()
    refused, seconds = ask(warm, path, fed)
    assert isinstance(refused, Failed), refused
    assert refused.kind == "limit"
    assert f"{path.name} needs at least {needs} at the layer {at}" in refused.message
    assert "are free for it" in refused.message
    assert "input shape" in refused.remedy
    assert seconds < AT_ONCE_SECONDS
    assert free_memory_bytes() > before - (1 << 30)


def test_a_size_that_nobody_can_know_is_refused_by_the_system_with_the_same_sentence(warm, greedy):
    path, fed, _ = greedy["unknown"]
    refused, seconds = ask(warm, path, fed)
    assert isinstance(refused, Failed), refused
    assert refused.kind == "limit"
    assert "at the layer 'constant', for one tensor of 20.0 GiB" in refused.message
    assert seconds < AT_ONCE_SECONDS


def test_many_unknown_tensors_end_at_the_limit_and_the_machine_keeps_its_memory(talk, greedy):
    if free_memory_bytes() < 6 << 30:
        pytest.skip("6 GiB of free memory are wanted")
    path, fed, _ = greedy["unknowns"]
    conversation = talk(provider="cpu", memory_bytes=3 << 30)
    watch = memory.Watch(conversation.engine.child_pid)
    refused, _ = ask(conversation, path, fed)
    watch.stop()
    assert isinstance(refused, Failed), refused
    assert refused.kind == "limit"
    assert watch.most_held <= 3 << 30
    assert watch.least_free > reserve_bytes()


def test_an_engine_that_ran_out_of_memory_serves_the_next_picture_with_a_new_child(warm, greedy, signs, ramp):
    path, fed, _ = greedy["unknown"]
    refused, _ = ask(warm, path, fed)
    assert isinstance(refused, Failed)
    assert refused.is_spent
    assert warm.engine.child_pid() is None
    assert isinstance(warm.ask(RunImage(9, str(signs), str(ramp))), Ran)


def test_a_child_that_takes_too_much_all_the_same_is_ended(talk, greedy, monkeypatch, signs, ramp):
    """Where the system's own limit does not hold."""
    if free_memory_bytes() < 6 << 30:
        pytest.skip("6 GiB of free memory are wanted")
    path, fed, _ = greedy["unknowns"]
    conversation = talk(provider="cpu", memory_bytes=4 << 30)
    while conversation.engine.child_pid() is None:  # it is given its limit when it starts
        time.sleep(0.01)
    conversation.engine._memory_bytes = 1 << 30  # what the program watches for; the child was given more
    refused, _ = ask(conversation, path, fed)
    assert isinstance(refused, Failed), refused
    assert refused.kind == "limit"
    assert "it was stopped at" in refused.message
    assert isinstance(conversation.ask(RunImage(9, str(signs), str(ramp))), Ran)


def test_a_machine_that_runs_low_ends_the_child(engine, signs, ramp, slow_chain, monkeypatch):
    monkeypatch.setattr(client, "free_memory_bytes", lambda: 0)
    refused = engine.ask(RunImage(1, str(slow_chain), ""))
    assert isinstance(refused, Failed)
    assert refused.kind == "limit"
    monkeypatch.undo()
    assert isinstance(engine.ask(RunImage(2, str(signs), str(ramp))), Ran)


@pytest.fixture
def slow_chain(save):
    nodes = [
        helper.make_node("Conv", ["x" if i == 0 else f"t{i - 1}", "k"], [f"t{i}"], pads=[7] * 4) for i in range(100)
    ]
    return save("slow.onnx", nodes, {"x": [1, 8, 512, 512]}, ["t99"], {"k": np.zeros((8, 8, 15, 15), np.float32)})


# ---------------------------------------------------------------- in part


def chain(save, count=12):
    """Convolutions of 4 MiB each; the values depend on every one before."""
    rng = np.random.default_rng(5)
    nodes = [
        helper.make_node("Conv", ["x" if i == 0 else f"t{i - 1}", f"k{i}"], [f"t{i}"], pads=[1] * 4)
        for i in range(count)
    ]
    weights = {f"k{i}": rng.standard_normal((4, 4, 3, 3), np.float32) / 6 for i in range(count)}
    return save("chain.onnx", nodes, {"x": [1, 4, 512, 512]}, [f"t{count - 1}"], weights)


def branches(save):
    """A split, two ways and a merge, with views and activations that are computed in place."""
    rng = np.random.default_rng(6)
    nodes = [
        helper.make_node("Conv", ["x", "k0"], ["a"], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "k1"], ["c"], pads=[1] * 4),
        helper.make_node("Sigmoid", ["b"], ["d"]),
        helper.make_node("Mul", ["c", "d"], ["e"]),
        helper.make_node("Concat", ["e", "a"], ["f"], axis=1),
        helper.make_node("MaxPool", ["f"], ["g"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["g"], ["h"]),
        helper.make_node("Softmax", ["h"], ["y"]),
    ]
    weights = {f"k{i}": rng.standard_normal((4, 4, 3, 3), np.float32) / 6 for i in range(2)}
    return save("branches.onnx", nodes, {"x": [1, 4, 512, 512]}, ["y"], weights)


def of_unknown_shape(save):
    """Tensors whose lengths only the run tells."""
    nodes = [
        helper.make_node("NonZero", ["x"], ["places"]),
        helper.make_node("Cast", ["places"], ["a"], to=1),
        helper.make_node("Exp", ["a"], ["b"]),
        helper.make_node("Neg", ["a"], ["c"]),
        helper.make_node("Concat", ["b", "c"], ["y"], axis=0),
    ]
    return save("unknown.onnx", nodes, {"x": [1, 4, 512, 512]}, ["y"])


@pytest.mark.parametrize("make", [chain, branches, of_unknown_shape])
def test_a_partial_run_and_what_is_fetched_later_equal_a_full_run(talk, save, tmp_path, make):
    path = make(save)
    np.save(tmp_path / "x.npy", np.random.default_rng(7).standard_normal((1, 4, 512, 512), np.float32))
    request = RunImage(1, str(path), str(tmp_path / "x.npy"))
    full = talk(provider="cpu").ask(request).run
    assert not full.missing
    everything = sum(array.nbytes for array in full.tensors.values())
    small = talk(provider="cpu", tensor_bytes=everything // 3)
    part = small.ask(request).run
    assert part.missing
    assert set(part.tensors) | set(part.missing) == set(full.tensors)
    kept = sum(array.nbytes for name, array in part.tensors.items() if name not in part.prediction.fed)
    assert kept <= everything // 3
    for name in part.missing:
        fetched = small.ask(msgspec.structs.replace(request, tensors=(name,)))
        assert isinstance(fetched, Ran), fetched
        assert fetched.run.tensors[name].tobytes() == full.tensors[name].tobytes()
    for name, array in part.tensors.items():
        assert array.tobytes() == full.tensors[name].tobytes()


def test_the_budget_for_tensors_can_be_set(talk, save):
    path = chain(save)  # tensors of 4 MiB
    for mebibytes, count in ((9, 2), (17, 4), (64, 12)):
        run = talk(provider="cpu", tensor_bytes=mebibytes * MIB).ask(RunImage(1, str(path), "")).run
        assert len(run.tensors) == count + 1  # and the input
        assert len(run.missing) == 12 - count


def test_a_partial_run_is_still_compared_with_the_deployed_one(talk, save):
    """Its outputs are kept first, where they are small."""
    path = branches(save)  # its output takes 2 MiB, all tensors 30 MiB
    run = talk(provider="cpu", tensor_bytes=13 * MIB).ask(RunImage(1, str(path), "")).run
    assert run.missing
    assert "y" in run.tensors
    assert run.difference is not None
    assert run.difference.output == "y"


def test_memory_that_a_run_needed_is_used_again_by_the_next(talk, save):
    """A store of memory for each session, and a plan of its use beside it, would double what the child holds."""
    nodes = [helper.make_node("Conv", ["x" if i == 0 else f"t{i - 1}", "k"], [f"t{i}"], group=8) for i in range(6)]
    path = save("again.onnx", nodes, {"x": [1, 8, 1024, 1024]}, ["t5"], {"k": np.ones((8, 1, 1, 1), np.float32)})
    conversation = talk(provider="cpu", tensor_bytes=50 * MIB)  # a tensor takes 32 MiB
    held = []
    for number in range(4):
        run = conversation.ask(RunImage(number, str(path), ""))
        assert isinstance(run, Ran), run
        assert len(run.run.missing) == 5
        held.append(touched_bytes(conversation.engine.child_pid()))
    assert max(held) < 1.1 * held[0]


def test_sentences_give_memory_in_two_units():
    assert gib(int(20.14 * 2**30)) == "20.1 GiB"
    assert gib(38 * MIB) == "38 MiB"
    assert gib(-1) == "0 MiB"


def test_a_child_that_was_ended_for_its_memory_is_no_crash(talk, greedy, signs, ramp):
    """However often: a model that crashed three times is not tried again, one that is too large is."""
    path, fed, _ = greedy["unknown"]
    conversation = talk(provider="cpu", memory_bytes=2 << 30)
    for _ in range(4):
        refused, _ = ask(conversation, path, fed)
        assert isinstance(refused, Failed)
        assert refused.kind == "limit"
    assert os.path.basename(path) in refused.message

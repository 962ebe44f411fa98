"""The Python module that carries C text keeps the contract of the NumPy module."""

import copy
import subprocess
import sys

import numpy as np
import pytest

from codegen import emit, load_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.codegen.commands.running import GENDER
from tests.codegen.program.programs import net
from tests.codegen.program.test_interpreter import alike
from tests.codegen.targets.c.compiled import needs_compiler

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}
GENDER_NET = differentiate(load(GENDER))
X = np.array([[58.0, 161.0], [77.0, 182.0], [60.0, 170.0]]) / 100
T = np.array([[0.0], [1.0], [1.0]])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def kept(home, monkeypatch):
    """Nothing is kept in the cache of who runs the tests; one text is compiled once for all."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))


@pytest.fixture
def cache(tmp_path, monkeypatch, kept):
    """A cache in which nothing lies yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chainrule"


def nets():
    yield "adam", net(DENSE, {"type": "dense", "units": 2}, optimizer={"type": "adam"}), (5, 4)
    yield "batch_norm", net(DENSE, {"type": "batch_norm1d"}, optimizer={"type": "adam"}), (5, 4)
    yield "lstm", net({"type": "lstm", "units": 3}, shape=("s", 2)), (4, 5, 2)
    layers = {"type": "conv2d", "channels": 2, "kernel_size": 3}, {"type": "flatten"}
    yield "newton", net(DENSE, optimizer={"type": "newton"}), (5, 4)
    pool = {"type": "max_pool2d", "kernel_size": 2}
    yield "pooling", net(layers[0], pool, shape=(1, 30, 30)), (3, 1, 30, 30)
    relu = {**layers[0], "activation": "relu"}
    yield "a choice over ten places", net(relu, shape=(1, 12, 12)), (3, 1, 12, 12)
    yield "convolution", net(*layers, shape=(1, 5, 5)), (3, 1, 5, 5)


@needs_compiler
@pytest.mark.sampled
@pytest.mark.parametrize(("derivation", "shape"), [pytest.param(d, s, id=n) for n, d, s in nets()])
def test_the_same_as_numpy(derivation, shape):
    module = load_module(emit(derivation, target="c", part="math"))
    twin = load_module(emit(derivation, part="math"))
    params, other = module.init_params(3), twin.init_params(3)
    alike(params, other)
    x = np.random.default_rng(0).normal(size=shape)
    y = module.forward(params, x)
    t = np.random.default_rng(1).normal(size=y.shape)
    np.testing.assert_allclose(y, twin.forward(other, x), rtol=1e-9)
    found, wanted = (m.gradients(params, x, t, inputs=True) for m in (module, twin))
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-9)
    alike(found[1], wanted[1])
    if hasattr(twin, "hessian"):
        given = other, x, t
        np.testing.assert_allclose(module.hessian(*given), twin.hessian(*given), rtol=1e-9)
    state, kept = module.init_state(params), twin.init_state(other)
    for _ in range(3):
        loss = module.train_step(params, state, x, t)
        np.testing.assert_allclose(loss, twin.train_step(other, kept, x, t), rtol=1e-9)
    alike(params, other)
    alike(state, kept)


@needs_compiler
def test_parameters_may_be_any_arrays():
    """Copies, plain dictionaries and views are as good as what init_params gives."""
    module = load_module(emit(GENDER_NET, target="c", part="math"))
    given = module.init_params()
    module.train_step(given, module.init_state(given), X, T)
    ways = (
        lambda p: {name: array.copy() for name, array in p.items()},
        copy.deepcopy,
        dict,
        lambda p: {name: np.asfortranarray(array) for name, array in p.items()},
    )
    for way in ways:
        params = way(module.init_params())
        module.train_step(params, module.init_state(params), X, T)
        alike(params, given)
    for wrong, said in ((np.zeros(3), "has shape"), (np.full((3, 2), 1j), "must hold real")):
        with pytest.raises(ValueError, match=f"W1 {said}"):
            module.loss({**given, "W1": wrong}, X, T)


@needs_compiler
def test_the_model_learns_as_that_of_numpy():
    found, wanted = (
        load_module(emit(GENDER_NET, target=target)).Model(epochs=20).fit(X, ["F", "M", "M"])
        for target in ("c", "numpy")
    )
    np.testing.assert_allclose(found.history_["loss"], wanted.history_["loss"], rtol=1e-9)
    assert list(found.predict(X)) == list(wanted.predict(X))


@needs_compiler
def test_drawn_numbers_follow_the_generator():
    derivation = net(DENSE, {"type": "dropout", "p": 0.5}, {"type": "dense", "units": 2})
    module = load_module(emit(derivation, target="c", part="math"))
    params, x = module.init_params(), np.ones((500, 4))
    one, same, other = (
        module.forward(params, x, training=True, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, module.forward(params, x))


@needs_compiler
def test_place_by_place():
    module = load_module(emit(net({"type": "gru", "units": 3}, shape=("s", 2)), target="c"))
    params, x = module.init_params(), np.random.default_rng(0).normal(size=(4, 5, 2))
    state = module.init_step(params, batch=4)
    outputs = []
    for place in range(5):
        y, state = module.step(params, state, x[:, place])
        outputs.append(y)
    np.testing.assert_allclose(np.stack(outputs, 1), module.forward(params, x), rtol=1e-12)


@needs_compiler
def test_bad_data_is_told_in_a_line():
    module = load_module(emit(GENDER_NET, target="c", part="math"))
    params = module.init_params()
    for x, t, said in (
        (X[:0], T[:0], "0 rows"),
        (X[:, :1], T, "x has shape"),
        (X, T[:2], "t has shape"),
    ):
        with pytest.raises(ValueError, match=said):
            module.loss(params, x, t)


def test_without_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    module = load_module(emit(GENDER_NET, target="c", part="math"))
    with pytest.raises(OSError, match=r"^no C compiler found: set CC, or"):
        module.forward(module.init_params(), X)


def test_the_command_line_without_a_compiler(tmp_path):
    path, data = tmp_path / "gender.py", tmp_path / "data.csv"
    path.write_text(emit(GENDER_NET, target="c"), encoding="utf-8")
    data.write_text("a,b,sex\n1,2,M\n2,1,F\n")
    done = subprocess.run(
        [sys.executable, str(path), "train", str(data), "--target", "sex"],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("gender.py: no C compiler found: set CC, or use the NumPy module\n")


@needs_compiler
def test_threads(monkeypatch):
    derivation = net({"type": "dense", "units": 200}, shape=(200,))
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(2, 300, 200))
    found = []
    for count in ("", "2"):
        monkeypatch.setenv("NET_THREADS", count)
        module = load_module(emit(derivation, target="c", part="math"))
        module._library.cache_clear()
        found.append(module.gradients(module.init_params(), x, t)[1]["W1"])
    assert np.array_equal(*found)
    monkeypatch.setenv("NET_THREADS", "many")
    module._library.cache_clear()
    with pytest.raises(ValueError, match="NET_THREADS is 'many'"):
        module.loss(module.init_params(), x, t)


@needs_compiler
def test_a_compiler_that_fails_leaves_nothing(monkeypatch, cache):
    monkeypatch.setenv("CC", "gcc -nonsense")
    module = load_module(emit(GENDER_NET, target="c", part="math"))
    with pytest.raises(OSError, match=r"gcc doesn't compile the model: .*nonsense"):
        module.forward(module.init_params(), X)
    assert not list(cache.iterdir())


@needs_compiler
def test_a_library_that_was_cut_off_is_compiled_again(tmp_path, cache):
    (tmp_path / "gender.py").write_text(emit(GENDER_NET, target="c"), encoding="utf-8")
    code = "import gender; print(gender.forward(gender.init_params(), [[1.0, 2.0]])[0, 0])"
    command = [sys.executable, "-c", code]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    (library,) = cache.iterdir()
    whole = library.read_bytes()
    library.write_bytes(whole[:100])
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert (again.stdout, again.stderr) == (first.stdout, b"")
    assert [path.stat().st_size for path in cache.iterdir()] == [len(whole)]


@needs_compiler
def test_a_cache_that_takes_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    module = load_module(emit(GENDER_NET, target="c", part="math"))
    assert module.forward(module.init_params(), X).shape == (3, 1)


@needs_compiler
def test_several_processes_at_once(tmp_path, cache):
    path = tmp_path / "gender.py"
    path.write_text(emit(GENDER_NET, target="c"), encoding="utf-8")
    code = "import gender; print(gender.forward(gender.init_params(), [[1.0, 2.0]])[0, 0])"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    said = {one.communicate()[0] for one in started}
    assert len(said) == 1 and said.pop().strip()
    assert [f.suffix for f in cache.iterdir()] == [".so"]

"""Ways out of the child that runs a person's source: every one is real, and every one is closed.

A way is an expression that is true once it has got out. Each is tried in a plain process, where it
must get out, behind the kernel's fence alone, and in the child as it is, which nobody has kept
from running it.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from codegen.sandbox import kernel_fence, run
from codegen.sandbox.run import run_source
from codegen.sandbox.whitelist import check_source
from derive.errors import ChainruleError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fence is Linux's")
X = np.arange(6.0).reshape(2, 3)

WAYS = [
    # processes
    "os.system('true') == 0",
    "os.popen('echo out').read()",
    "os.fork() or os._exit(0)",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "os.spawnv(os.P_WAIT, '/bin/true', ['true']) == 0",
    "subprocess.run(['true']).returncode == 0",
    "subprocess.getoutput('echo out') == 'out'",
    "libc.system(b'true') == 0",
    "threading.Thread(target=int).start() is None",
    "(lambda one: one > 0 or (one == 0 and os._exit(0)))(libc.fork())",
    "os.forkpty()[0] or os._exit(0)",
    "os.posix_spawnp('true', ['true'], {})",
    "subprocess.check_output(['echo', 'out'])",
    "libc.popen(b'true', b'r') != 0",
    "threading.Timer(0, int).start() is None",
    "libc.pthread_create(room(64), 0, ctypes.cast(libc.getpid, pointer), 0) == 0",
    "libc.unshare(0) == 0",
    "os.pidfd_open(os.getpid()) > 0",
    # files
    "io.open('/etc/passwd').read()",
    "os.open('/etc/passwd', 0)",
    "io.open('left', 'w').write('out')",
    "os.mkdir('folder') is None",
    "os.listdir('/')",
    "list(os.scandir('/'))",
    "os.stat('/')",
    "os.lstat('/')",
    "os.fstat(1)",
    "os.statvfs('/')",
    "os.access('/', os.R_OK)",
    "os.readlink('/proc/self/exe')",
    "os.getcwd()",
    "os.chdir('.') is None",
    "os.symlink('nothing', 'link') is None",
    "os.mkfifo('fifo') is None",
    "os.utime('.') is None",
    "os.listxattr('/') is not None",
    "os.memfd_create('memory')",
    "os.dup(1)",
    "os.umask(0o22) >= 0",
    "libc.open(b'/etc/passwd', 0) >= 0",
    "libc.openat(-100, b'/', 0) >= 0",
    "libc.creat(b'created', 384) >= 0",
    "np.fromfile('/etc/passwd', np.uint8).size",
    "np.save('saved', np.ones(2)) is None",
    "np.ones(2).tofile('bytes') is None",
    "np.memmap('mapped', mode='w+', shape=(2,)).size",
    "np.lib.format.open_memmap('opened', mode='w+', shape=(2,)).size",
    "np.loadtxt('/proc/uptime').size",
    "importlib.import_module('colorsys')",
    "io.FileIO('/etc/passwd').read()",
    "io.open_code('/etc/passwd').read()",
    "io.open('/proc/self/root/etc/passwd').read()",
    "io.open('/dev/null', 'w').write('out')",
    "os.path.exists('/')",
    "os.path.isdir('/proc')",
    "os.path.getmtime('/')",
    "os.path.samefile('/', '/')",
    "os.path.realpath('/proc/self/exe') != '/proc/self/exe'",
    "next(os.walk('/'))",
    "os.makedirs('deep/folder') is None",
    "os.mknod('node') is None",
    "os.chmod('.', 0o700) is None",
    "os.chown('.', -1, -1) is None",
    "os.openpty()",
    "os.pathconf('/', 'PC_NAME_MAX')",
    "os.get_inheritable(1) is not None",
    "os.set_blocking(1, True) is None",
    "libc.access(b'/', 4) == 0",
    "libc.mkdir(b'made', 448) == 0",
    "libc.symlink(b'a', b'symbolic') == 0",
    "libc.chmod(b'.', 448) == 0",
    "libc.readlink(b'/proc/self/exe', room(64), 64) > 0",
    "libc.statfs(b'/', room(512)) == 0",
    "libc.dup2(1, 9) == 9",
    "libc.fcntl(1, 1) >= 0",
    "np.genfromtxt('/proc/uptime').size",
    "np.savetxt('table', np.ones(2)) is None",
    "np.savez('arrays', np.ones(2)) is None",
    "np.lib.npyio.DataSource('.').exists('/etc/passwd')",
    # what belongs to others
    "os.getppid() > 0 and os.kill(os.getppid(), 0) is None",
    "libc.kill(0, 0) == 0",
    "signal.raise_signal(signal.SIGCHLD) is None",
    "signal.setitimer(signal.ITIMER_REAL, 0)",
    "io.open('/proc/self/environ').read() is not None",
    "os.sched_getaffinity(0)",
    "os.getpriority(os.PRIO_PROCESS, 0) is not None",
    "os.uname()",
    "os.getloadavg()",
    "libc.gethostname(room(64), 64) == 0",
    "libc.sysinfo(room(512)) == 0",
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)) is None",
    "io.open('/proc/%d/stat' % os.getppid()).read()",
    "io.open('/proc/self/maps').read()",
    "io.open('/proc/self/mem', 'rb').fileno() > 0",
    "libc.process_vm_readv(os.getpid(), 0, 0, 0, 0, 0) == 0",
    "libc.getpid() > 0",
    "libc.getppid() > 0",
    "os.getpgid(0) >= 0",
    "os.getgroups() is not None",
    "os.getresuid()",
    "os.times() and libc.times(room(64)) > 0",
    "resource.getrusage(resource.RUSAGE_SELF)",
    "resource.prlimit(0, resource.RLIMIT_CORE)",
    "libc.sched_getparam(0, room(64)) == 0",
    "libc.uname(room(512)) == 0",
    "signal.signal(signal.SIGUSR1, signal.SIG_IGN) is not None",
    "signal.getitimer(signal.ITIMER_REAL)",
    "libc.alarm(0) == 0",
    "libc.usleep(1) == 0",
    "libc.mlock(room(64), 1) == 0",
    "libc.sigaltstack(0, room(64)) == 0",
    # ways to talk
    "socket.socket()",
    "socket.socketpair()",
    "socket.create_server(('127.0.0.1', 0))",
    "socket.gethostname()",
    "libc.socket(2, 1, 0) >= 0",
    "os.pipe()",
    "os.eventfd(0)",
    "libc.shmctl(libc.shmget(0, 4096, 0o1600), 0, None) == 0",
    "libc.msgctl(libc.msgget(0, 0o1600), 0, None) == 0",
    "libc.semctl(libc.semget(0, 1, 0o1600), 0, 0) == 0",
    "libc.inotify_init() >= 0",
    "libc.epoll_create1(0) >= 0",
    "libc.timerfd_create(0, 0) >= 0",
    "libc.prctl(15, b'another') == 0",
    "libc.personality(0xFFFFFFFF) >= 0",
    "socket.getaddrinfo('127.0.0.1', 80) and socket.if_nameindex()",
    "libc.socketpair(1, 1, 0, room(64)) == 0",
    "libc.pipe(room(64)) == 0",
    "libc.eventfd(0, 0) >= 0",
    "libc.memfd_create(b'memory', 0) >= 0",
    "libc.signalfd(-1, room(128), 0) >= 0",
    "libc.inotify_init1(0) >= 0",
    "libc.timer_create(0, 0, room(64)) == 0",
    "libc.getitimer(0, room(64)) == 0",
]
MODULES = (
    *("ctypes", "importlib", "io", "os", "resource", "signal", "socket", "subprocess"),
    *("threading", "numpy"),
)


def source(modules: str) -> str:
    """A source that tries each way; `modules` is an expression for the table of modules."""
    lines = [f"modules = {modules}", *(f"{m} = modules.get('{m}')" for m in MODULES)]
    lines += ["np = numpy", "out = []", "every = modules['builtins'].BaseException"]
    lines += ["try:", "    libc = ctypes.CDLL(None)", "except every:", "    libc = None"]
    lines += ["room, pointer = ctypes.create_string_buffer, ctypes.c_void_p"]
    for way in WAYS:
        lines += ["try:", f"    out.append(bool({way}))", "except every:", "    out.append(False)"]
    return "\n".join(lines)


@cache
def alone(fenced: bool) -> dict[str, bool]:
    """What gets out of a process that has no fence, or the kernel's only."""
    place = Path(kernel_fence.__file__)
    lines = [f"import sys, importlib.util, {', '.join(MODULES)}", "libc = ctypes.CDLL(None)"]
    lines += ["spec = importlib.util.spec_from_file_location('fence', " + repr(str(place)) + ")"]
    lines += ["fence = importlib.util.module_from_spec(spec)", "spec.loader.exec_module(fence)"]
    lines += ["import json"]
    lines += ["fence.close()"] if fenced else []
    lines += [source("sys.modules"), "os.write(1, json.dumps(out).encode())", "os._exit(0)"]
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-c", "\n".join(lines)]
        done = subprocess.run(program, cwd=folder, stdout=subprocess.PIPE, timeout=60, check=True)
    return dict(zip(WAYS, json.loads(done.stdout), strict=True))


@cache
def in_the_child() -> dict[str, bool]:
    """What gets out of the child as it is, once the source has come past the whitelist."""
    wrapped = "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']"
    text = source(f"{wrapped}[0].__init__.__globals__['sys'].modules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "check_source", lambda source, place: ast.parse(source))
        (out,) = run_source(text, {"x": X}, ["out"]).values()
    return dict(zip(WAYS, out.tolist(), strict=True))


def test_there_are_many() -> None:
    assert len(set(WAYS)) == len(WAYS) >= 125


@pytest.mark.parametrize("way", WAYS)
def test_a_way_is_real_and_closed(way: str) -> None:
    assert alone(fenced=False)[way], "this is no way out"
    assert not alone(fenced=True)[way]
    assert not in_the_child()[way]


def test_the_child_has_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PARENT", "1")
    monkeypatch.setattr(run, "check_source", lambda source, place: ast.parse(source))
    wrapped = "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']"
    text = f"space = {wrapped}[0].__init__.__globals__\ny = len(space['environ'])"
    assert run_source(text, {"x": X}, ["y"])["y"] == 0


REFUSED = [
    "y = (lambda e: e.__traceback__)(x)",
    "y = '{0.__class__}'.format(x)",
    "y = '{0[a]}'.format(x)",
    "text = '{0.base}'\ny = text.format(x)",
    "y = '{x.base}'.format_map({'x': x})",
    "y = str.format('{0.base}', x)",
    "match x:\n    case object(__class__=y):\n        pass",
    "match x:\n    case np.ndarray(base=y, ctypes=z):\n        pass",
    "match x:\n    case np.ndarray(_y=z):\n        pass",
    "class Memory:\n    __array_interface__ = {'data': (1, False)}",
    "class Memory:\n    @property\n    def __array_interface__(self): return {}",
    "class Memory:\n    def __array_struct__(self): return 1",
    "class Memory:\n    def __array_finalize__(self, of): pass",
    "class Other:\n    def __getattr__(self, name): return name",
    "class Other:\n    def __del__(self): pass",
    "class Other(metaclass=x): pass",
    "from operator import attrgetter",
    "import operator",
    "from numpy import __builtins__ as y",
    "import numpy as __builtins__",
    "def __import__(name): pass",
    "def f(__builtins__): return __builtins__",
    "try:\n    pass\nexcept Exception as __builtins__:\n    pass",
    "global __builtins__",
    "y = np.vectorize(x).pyfunc.__globals__",
    "y = (k for k in x).gi_frame",
    "y = np.lib.format",
    "y = np.show_runtime()",
    "y = np.exceptions.__builtins__",
    "y = np.info(x)",
    "y = f'{x.__class__}'",
    "y = f'{x!r:{x.__class__}}'",
    "class A:\n    def __reduce__(self): return (print, ())",
    "class A:\n    def __class_getitem__(cls, k): return k",
    "class A:\n    def __init_subclass__(cls): pass",
    "class A:\n    def __mro_entries__(self, b): return b",
    "class A:\n    def __array_ufunc__(self, *a): return 1",
    "class A:\n    def __array_function__(self, *a): return 1",
    "class A:\n    def __buffer__(self, flags): return 1",
    "class A:\n    def __get__(self, a, b): return 1",
    "async def f(): pass",
    "def f(): yield 1\ny = f().gi_code",
    "def f(): yield 1\ny = f().gi_yieldfrom",
    "y = f.__closure__",
    "y = np.ndarray.__subclasses__()",
    "y = x.__array__()",
    "y = np.core",
    "y = np.compat",
    "y = np.random.bit_generator",
    "y = np.from_dlpack(x)",
    "y = x.__dlpack__()",
    "y = x.setflags(write=True)",
    "np.seterrcall(x)",
    "np.set_printoptions(formatter={'all': x})",
    "y = np.lookfor('a')",
    "y = np.who()",
    "y = np.version",
    "import numpy.ctypeslib as c",
    "import os.path",
    "from . import x",
    "try: y = 1\nexcept* ValueError as e: y = e.__context__",
    *("def f(a=x.__class__): pass", "@x.__class__\ndef f(): pass", "class A(x.__class__): pass"),
    "y: x.__class__ = 1",
    "y = print.__self__",
    "y = getattr(x, 'T')",
    "y = memoryview(x)",
    "y = np.load('a')",
    "y = x.dumps()",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(ChainruleError, match=r"formulas, line [123]: ") as refused:
        check_source(text, "formulas")
    assert len(str(refused.value)) <= 400


ALLOWED = [
    "print('{} of {:.3f}'.format(1, 2.0))",
    "class Layer:\n    def __init__(self): self.w = 1\n    def __call__(self, x): return x",
    "match x:\n    case (1, y): z = y\n    case {'a': y}: z = y\n    case _: z = 0",
    "if __name__ == '__main__':\n    y = f'{x.shape}'",
    "class Value:\n    def __init__(self, data): self.data = data",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_people_write_is_allowed(text: str) -> None:
    check_source(text, "formulas")


FORGED = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"{",
    b"\xff\xfe",
    b"[" * 90_000,
    b'{"error": 1, "line": 1}',
    b'{"error": null, "arrays": 1}',
    b'{"error": null, "arrays": [["y", "|O", [1]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [-1]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [true]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [1e3]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [1000000]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [30000000, 30000000, 30000000, 30000000]]]}',
    b'{"error": null, "arrays": [["z", "<f8", [1]]]}',
    b'{"error": null, "arrays": [["y", "<f8", ' + b"[1]" * 3 + b"]]}",
    b'{"error": null, "arrays": [["y", "<f8", [' + b"1," * 99 + b"1]]]}",
    b'{"error": "wrong", "line": "1"}',
    b'{"error": "wrong", "line": true}',
    b'{"error": null, "arrays": {"y": 1}}',
    b'{"error": null, "arrays": [["y", "<f8"]]}',
    b'{"error": null, "arrays": [["y", "<f8", [NaN]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [1e999]]]}',
    b'{"error": null, "arrays": [["y", "<f8", [' + b"9" * 5000 + b"]]]}",
    b'{"error": null, "arrays": [["y", "<U9", [1]]]}',
    b'{"error": null, "arrays": [["y", "<c16", [1]]]}',
    b'{"error": null, "arrays": [["y", "<M8[s]", [1]]]}',
    b'{"error": null, "arrays": [["y", [["a", "O"]], [1]]]}',
    b'{"error": null, "arrays": [["y\\u0000", "<f8", [1]]]}',
]


@pytest.mark.parametrize("head", FORGED, ids=[repr(h[:60]) for h in FORGED])
def test_a_forged_answer_is_none(head: bytes) -> None:
    data = len(head).to_bytes(8, "big") + head + bytes(64)
    with pytest.raises(ChainruleError, match="gave no answer"):
        run._arrays(data, ["y"], "formulas")
    with pytest.raises(ChainruleError, match="gave no answer"):
        run._arrays((2**63).to_bytes(8, "big") + head, ["y"], "formulas")


def test_a_forged_error_is_printable_and_short() -> None:
    error = "\x1b[31m" + "long " * 1000
    head = json.dumps({"error": error, "line": 2**40}).encode()
    with pytest.raises(ChainruleError) as refused:
        run._arrays(len(head).to_bytes(8, "big") + head, ["y"], "formulas")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) <= 400


def test_a_flood_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("import os\nwhile True:\n    os.write(1, bytes(2**20))\n")
    monkeypatch.setattr(run, "_INSIDE", child)
    with pytest.raises(ChainruleError, match="more than 32 MiB"):
        run_source("y = 1", {"x": X}, ["y"])


def test_arrays_that_are_too_large_are_refused() -> None:
    with pytest.raises(ChainruleError, match="more than 32 MiB"):
        run_source("y = np.ones(5 * 2**20)", {"x": X}, ["y"])


def test_without_a_fence_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(run.__file__).parent
    fence = (folder / "kernel_fence.py").read_text()
    (tmp_path / "kernel_fence.py").write_text(
        fence.replace("x86_64", "none").replace("aarch64", "")
    )
    (tmp_path / "child.py").write_text((folder / "child.py").read_text())
    monkeypatch.setattr(run, "_INSIDE", tmp_path / "child.py")
    with pytest.raises(ChainruleError, match="--run needs a kernel that can filter"):
        run_source("y = 1", {"x": X}, ["y"])

"""Runs the command line in processes that may do next to nothing: the server behind the fixture ``caged``.

Everything heavy is imported once; then each request, a line of JSON on stdin, is run in a fork with limits on memory,
processor time and the size of files, without the privileges that root has over modes of files, and under an audit hook
that notes every file written, every process and every connection. The answer is a line of JSON on stdout.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack

MEMORY, SECONDS, WALL = 2**30, 10, 60
"""Bytes, seconds of processor time, and seconds by the clock: the machine may have other work to do."""

HEAVY = (
    *("click", "flint", "jinja2", "lark", "latex2mathml.converter", "numpy", "rich.console", "sympy"),
    *("symgrad", "symgrad.calculus", "symgrad.calculus.engine", "symgrad.calculus.goal", "symgrad.catalogue"),
    *("symgrad.cli.audit", "symgrad.cli.entry", "symgrad.cli.prove", "symgrad.cli.verify", "symgrad.cli.new"),
    *("symgrad.audit.page", "symgrad.importers.keras_file", "symgrad.lang.parser", "symgrad.lang.sympy_bridge"),
    *("symgrad.render.page", "symgrad.render.tex", "symgrad.render.terminal", "symgrad.render.markdown"),
)

WATCHED = frozenset(
    {
        *("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen"),
        *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"),
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen"),
    }
)


def watch(deeds, strike):
    """Note in the file ``deeds`` what the process does to the world; reading is not noted.

    ``strike`` is a signal that the process sends itself before the deed of a given number, or nothing.
    """
    count = 0

    def hook(event, arguments):
        nonlocal count
        if event == "open":
            path, mode, flags = arguments
            if not (flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) or str(path) == os.devnull:
                return
            event = f"open {path} for {mode or 'writing'}"
        elif event not in WATCHED:
            return
        else:
            event = f"{event} {arguments[:1]}"
        os.write(deeds, f"{event}\n".encode(errors="replace"))
        count += 1
        if strike and strike[1] == count:
            os.kill(os.getpid(), strike[0])

    sys.addaudithook(hook)


def without_privileges():
    """Give up what root may do to files of any mode."""
    if os.getuid() == 0:
        version_3, this_process = 0x20080522, 0
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.capset((ctypes.c_uint32 * 2)(version_3, this_process), (ctypes.c_uint32 * 6)()):
            raise OSError(ctypes.get_errno(), "capset")


def child(request, files):
    """Become the command that is asked for; never returns."""
    code = 99
    try:
        for number, file in enumerate(files[:3]):
            os.dup2(file, number)
        os.chdir(request["folder"])
        without_privileges()
        from symgrad.cli.entry import run

        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for limit, value in (
            (resource.RLIMIT_AS, request.get("memory", MEMORY)),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_FSIZE, request.get("file_size", resource.RLIM_INFINITY)),
        ):
            resource.setrlimit(limit, (value, value))
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  (lives as long as the process)
        sys.stdout = open(1, "w", encoding=request.get("encoding", "utf-8"))  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=request.get("encoding", "utf-8"))  # noqa: SIM115
        watch(files[3], request.get("strike"))
        code = run(request["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  (whatever escaped is what the test wants to see)
        os.write(files[2], traceback.format_exc().encode())
    finally:
        os._exit(code)


def answered(request):
    """What became of one request."""
    started = time.monotonic()
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(4)]
        files[0].write(bytes.fromhex(request.get("stdin", "")))
        files[0].seek(0)
        pid = os.fork()
        if pid == 0:
            child(request, [file.fileno() for file in files])
        interrupt_at = request.get("interrupt_at", WALL)
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - started > interrupt_at:
                os.kill(pid, signal.SIGINT)
                interrupt_at = WALL
            if time.monotonic() - started > WALL:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
        out, err, deeds = (read_from_start(file) for file in files[1:])
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": out,
        "err": err,
        "deeds": deeds.splitlines(),
        "seconds": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
    }


def read_from_start(file):
    """All that was written to a file."""
    file.seek(0)
    return file.read().decode(errors="replace")


def main():
    """Answer requests until there are none."""
    sys.dont_write_bytecode = True
    for name in HEAVY:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(answered(json.loads(line))), flush=True)  # noqa: T201  (that is the answer)


if __name__ == "__main__":
    main()

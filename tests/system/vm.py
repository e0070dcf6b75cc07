"""Debian's kernel in a virtual machine that sees this machine's files and runs a program there."""

import lzma
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "build" / "vm"
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /host
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo 1 > /proc/sys/kernel/printk
while read module; do insmod $module || echo "no $module"; done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 host /host
for one in proc sys dev; do mount --bind /$one /host/$one; done
mount -t tmpfs tmp /host/tmp
chroot /host /usr/bin/env {environment} {command}
echo "ended with $?"
reboot -f
"""


def run_inside(command: str, environment: str, modules: dict[str, str], limit_s: float) -> str:
    """What a shell command printed in the machine, its kernel's messages left out.

    `modules` maps the kernel's modules to load to their parameters. Skips the test where there is
    no QEMU, busybox or kernel to be had.
    """
    qemu, busybox = shutil.which("qemu-system-x86_64"), shutil.which("busybox")
    if qemu is None or busybox is None:
        pytest.skip("no virtual machine here: apt install qemu-system-x86 busybox-static")
    kernel = _kernel()
    initrd = BUILD / f"initrd-{os.getpid()}"
    text = INIT.replace("{environment}", environment).replace("{command}", command)
    files = {"init": (text.encode(), 0o755), "bin/busybox": (Path(busybox).read_bytes(), 0o755)}
    order = []
    needed = {"virtio_pci": "", "9pnet_virtio": "", "9p": "", **modules}
    for name, data in _with_dependencies(kernel, list(needed)).items():
        files[f"modules/{name}.ko"] = (data, 0o644)
        order.append(f"/modules/{name}.ko {needed.get(name, '')}".strip())
    files["modules/order"] = ("\n".join(order).encode() + b"\n", 0o644)
    initrd.write_bytes(_cpio(files))
    machine = [
        *(qemu, "-accel", "tcg", "-cpu", "max", "-m", "1024", "-nographic"),
        *("-no-reboot", "-net", "none", "-kernel", str(next(kernel.glob("boot/vmlinuz-*")))),
        *("-initrd", str(initrd), "-append", "console=ttyS0 quiet no_timer_check panic=-1"),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
    ]
    try:
        done = subprocess.run(
            machine,
            capture_output=True,
            text=True,
            timeout=limit_s,
            stdin=subprocess.DEVNULL,
            errors="replace",
            check=False,
        )
    finally:
        initrd.unlink()
    assert "ended with 0" in done.stdout, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def _kernel() -> Path:
    """Debian's kernel package, unpacked; fetched once."""
    unpacked = BUILD / "kernel"
    if not unpacked.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        wanted = subprocess.run(
            ["apt-cache", "depends", "linux-image-amd64"],
            capture_output=True,
            text=True,
            check=False,
        )
        names = re.findall(r"Depends: (linux-image-\d\S+)", wanted.stdout)
        if not names:
            pytest.skip("apt knows no kernel here")
        subprocess.run(["apt-get", "download", "-q", names[0]], cwd=BUILD, check=False)
        packages = sorted(BUILD.glob("linux-image-*.deb"))
        if not packages:
            pytest.skip(f"apt could not fetch {names[0]}")
        part = BUILD / "kernel.part"
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-x", str(packages[-1]), str(part)], check=True)
        packages[-1].unlink()
        part.rename(unpacked)
    return unpacked


def _with_dependencies(kernel: Path, wanted: list[str]) -> dict[str, bytes]:
    """Modules and what they need, in the order of loading; built-in ones are left out."""
    paths = {
        path.name.partition(".ko")[0].replace("-", "_"): path for path in kernel.rglob("*.ko*")
    }
    loaded: dict[str, bytes] = {}

    def load(name: str) -> None:
        name = name.replace("-", "_")
        if name in loaded or name not in paths:
            return
        data = paths[name].read_bytes()
        if paths[name].suffix == ".xz":
            data = lzma.decompress(data)
        found = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in (found[1].decode() if found else "").split(","):
            load(other)
        loaded[name] = data

    for name in wanted:
        load(name)
    return loaded


def _cpio(files: dict[str, tuple[bytes, int]]) -> bytes:
    """An archive of the kernel's kind, "newc" (Documentation/driver-api/early-userspace)."""
    folders = {str(parent) for name in files for parent in Path(name).parents} - {"."}
    entries = [(name, b"", stat.S_IFDIR | 0o755) for name in sorted(folders)]
    entries += [(name, data, stat.S_IFREG | mode) for name, (data, mode) in files.items()]
    out = bytearray()
    for number, (name, data, mode) in enumerate([*entries, ("TRAILER!!!", b"", 0)], start=1):
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        out += b"070701" + "".join(f"{value:08x}" for value in fields).encode() + encoded
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)

"""Which PyTorch a machine gets: a fake driver, system and bus for each row of the table."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from flashvdm_core.setup.cards import BUILDS, Card, Choice, Machine, choose, misfit
from flashvdm_core.setup.detect import Probes, find_machine
from flashvdm_core.setup.lists import listed_builds, read_list

LISTED = listed_builds()


class FakeDriver:
    """The library of NVIDIA's driver, for cards given as (name, major, minor)."""

    def __init__(self, cuda: int, *cards: tuple[str, int, int], works: bool = True) -> None:
        self.cuda, self.cards, self.works = cuda, cards, works

    def cuDriverGetVersion(self, version: Any) -> int:  # noqa: N802 - the driver's names
        version._obj.value = self.cuda
        return 0

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return 0 if self.works else 100

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.cards)
        return 0

    def cuDeviceGet(self, device: Any, number: int) -> int:  # noqa: N802
        device._obj.value = number
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, device: ctypes.c_int) -> int:  # noqa: N802
        value._obj.value = self.cards[device.value][{75: 1, 76: 2}[attribute]]
        return 0

    def cuDeviceGetName(self, name: Any, size: int, device: ctypes.c_int) -> int:  # noqa: N802
        name.value = self.cards[device.value][0].encode()
        return 0


def machine(
    system: str = "linux",
    processor: str = "x86_64",
    driver: FakeDriver | None = None,
    files: dict[str, str] | None = None,
    smi: str = "",
    adapters: tuple[str, ...] = (),
    macos: str = "",
) -> Machine:
    """The machine that `find_machine` sees through these answers."""
    texts = {Path(name): text for name, text in (files or {}).items()}

    def library(name: str) -> Any:
        if driver is None or name != ("nvcuda.dll" if system == "win32" else "libcuda.so.1"):
            raise OSError(name)
        return driver

    def text(path: Path) -> str:
        if path not in texts:
            raise FileNotFoundError(path)
        return texts[path]

    def folders(path: Path) -> list[Path]:
        return sorted({path / found.relative_to(path).parts[0] for found in texts if path in found.parents})

    def output(program: str, *arguments: str) -> str:
        return smi if program == "nvidia-smi" else ""

    return find_machine(Probes(library, text, output, folders, lambda: list(adapters), system, processor, macos))


def nvidia(system: str, version: str, name: str, major: int, minor: int, cuda: int = 13000) -> Machine:
    """A machine with one card of NVIDIA's, whose driver is `version`."""
    files = {"/proc/driver/nvidia/version": f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Tue Oct 6"}
    smi = f"{name}, {major}.{minor}, {version}\n"
    return machine(system, driver=FakeDriver(cuda, (name, major, minor)), files=files if system == "linux" else {}, smi=smi)


def pci(vendor: str, device: str) -> dict[str, str]:
    folder = "/sys/bus/pci/devices/0000:01:00.0"
    return {f"{folder}/class": "0x030000\n", f"{folder}/vendor": f"{vendor}\n", f"{folder}/device": f"{device}\n"}


def kfd(version: int) -> dict[str, str]:
    nodes = "/sys/class/kfd/kfd/topology/nodes"
    return {
        f"{nodes}/0/properties": "gfx_target_version 0\n",
        f"{nodes}/1/properties": f"simd_count 96\ngfx_target_version {version}\n",
    }


@pytest.mark.parametrize(
    ("found", "build", "words"),
    [
        (nvidia("linux", "580.65.06", "RTX 5090", 12, 0), "linux-x64-cu130", ""),
        (nvidia("linux", "580.65.06", "GTX 1650", 7, 5), "linux-x64-cu130", ""),
        (nvidia("win32", "581.42", "RTX 4090", 8, 9), "windows-x64-cu130", ""),
        (nvidia("win32", "551.86", "RTX 4090", 8, 9, 12040), "windows-x64-cu126", "580 or later is better"),
        (nvidia("win32", "551.86", "GTX 1080", 6, 1, 12040), "windows-x64-cu126", ""),
        (nvidia("win32", "581.42", "GTX 1080", 6, 1), "windows-x64-cu126", ""),
        (nvidia("win32", "527.00", "GTX 1080", 6, 1, 12000), "windows-x64-cpu", "527.0 is too old"),
        (nvidia("linux", "550.54.14", "RTX 4090", 8, 9, 12040), "linux-x64-cpu", "update it to 580 or later"),
        (nvidia("linux", "550.54.14", "GTX 1080", 6, 1, 12040), "linux-x64-cpu", "no checked list of packages"),
        (nvidia("linux", "470.82.01", "RTX 3090", 8, 6, 11040), "linux-x64-cpu", "470.82.1 is too old"),
        (nvidia("linux", "570.86.10", "RTX 5090", 12, 0, 12080), "linux-x64-cpu", "needs an NVIDIA driver of 580 or later"),
        (nvidia("win32", "572.16", "RTX 5070", 12, 0, 12080), "windows-x64-cpu", "needs an NVIDIA driver of 580 or later"),
        (nvidia("linux", "470.82.01", "GTX 780", 3, 5, 11040), "linux-x64-cpu", "too old for PyTorch"),
        (machine(files=pci("0x10de", "0x2684")), "linux-x64-cpu", "install NVIDIA's driver"),
        (machine("win32", adapters=("NVIDIA GeForce RTX 4070",)), "windows-x64-cpu", "install NVIDIA's driver"),
        (machine(files=kfd(110000)), "linux-x64-cpu", "no checked list of packages for AMD"),
        (machine(files=kfd(100100)), "linux-x64-cpu", "gfx1010"),
        (machine(files=pci("0x1002", "0x73bf")), "linux-x64-cpu", "is not used"),
        (machine("win32", adapters=("AMD Radeon RX 7900 XTX",)), "windows-x64-cpu", "AMD Radeon RX 7900 XTX is not used"),
        (machine(files=pci("0x8086", "0x56a0")), "linux-x64-cpu", "no checked list of packages for Intel"),
        (machine("win32", adapters=("Intel(R) Arc(TM) A770 Graphics",)), "windows-x64-cpu", "list of packages for Intel"),
        (machine(files=pci("0x8086", "0x3e92")), "linux-x64-cpu", ""),
        (machine("win32", adapters=("Intel(R) UHD Graphics 630",)), "windows-x64-cpu", ""),
        (machine(), "linux-x64-cpu", ""),
        (machine("win32", "AMD64"), "windows-x64-cpu", ""),
        (machine("darwin", "arm64", macos="15.1"), "macos-arm64-mps", ""),
        (machine("darwin", "arm64", macos="13.6.1"), "", "needs macOS 14"),
        (machine("darwin", "x86_64", macos="14.0"), "", "Macs with Intel's processors"),
        (machine("win32", "ARM64"), "", "not published for Windows on arm64"),
        (machine("linux", "riscv64"), "", "not published for Linux on riscv64"),
        (machine("freebsd14"), "", "not published for freebsd14"),
    ],
    ids=lambda value: str(value.cards[0].name if value.cards else value.system) if isinstance(value, Machine) else None,
)  # fmt: skip
def test_each_row_of_the_table(found: Machine, build: str, words: str) -> None:
    choice = choose(found, LISTED)
    assert choice.build == build
    assert words in choice.note
    assert bool(choice.note) == bool(words)
    assert choice.note == "" or (choice.note.endswith(".") and "{" not in choice.note)


@pytest.mark.parametrize(
    ("found", "build"),
    [
        (machine(files=kfd(110000)), "linux-x64-rocm72"),
        (machine(files=kfd(90010)), "linux-x64-rocm72"),
        (machine(files=pci("0x8086", "0xe20b")), "linux-x64-xpu"),
        (machine("win32", adapters=("Intel(R) Arc(TM) B580 Graphics",)), "windows-x64-xpu"),
        (nvidia("linux", "550.54.14", "GTX 1080", 6, 1, 12040), "linux-x64-cu126"),
    ],
)
def test_a_build_is_chosen_as_soon_as_it_has_a_list(found: Machine, build: str) -> None:
    assert choose(found, BUILDS) == Choice(build)


def test_without_the_library_of_the_driver_its_tool_is_asked() -> None:
    found = machine("win32", smi="NVIDIA GeForce RTX 3060, 8.6, 581.42\n", adapters=("NVIDIA GeForce RTX 3060",))
    assert found.cards == (Card("nvidia", "NVIDIA GeForce RTX 3060", (8, 6)),)
    assert choose(found, LISTED).build == "windows-x64-cu130"
    old_tool = machine("win32", smi="Field compute_cap is not a valid field\n", adapters=("NVIDIA GeForce RTX 3060",))
    assert choose(old_tool, LISTED).build == "windows-x64-cpu"


def test_without_the_version_of_the_driver_its_cuda_decides() -> None:
    for cuda, build in ((13000, "windows-x64-cu130"), (12080, "windows-x64-cu126")):
        assert choose(machine("win32", driver=FakeDriver(cuda, ("RTX 4090", 8, 9))), LISTED).build == build


def test_of_two_cards_the_newer_one_decides() -> None:
    driver = FakeDriver(13000, ("GTX 1080", 6, 1), ("RTX 3060", 8, 6))
    assert choose(machine(driver=driver), LISTED).build == "linux-x64-cu130"


def test_a_driver_that_does_not_start_is_as_none() -> None:
    found = machine(driver=FakeDriver(13000, ("RTX 4090", 8, 9), works=False), files=pci("0x10de", "0x2684"))
    assert "driver" in choose(found, LISTED).note


@pytest.mark.parametrize(
    ("found", "cuda", "architectures", "words", "remedy"),
    [
        (nvidia("linux", "580.65.06", "RTX 4090", 8, 9), "13.0", ("sm_75", "sm_86", "sm_120"), "", ""),
        (nvidia("linux", "580.65.06", "RTX 4090", 8, 9), "13.0", (), "", ""),
        (nvidia("linux", "580.65.06", "RTX 6090", 13, 0), "13.0", ("sm_120", "compute_120"), "", ""),
        (nvidia("linux", "580.65.06", "GTX 1080", 6, 1), "13.0", ("sm_75", "sm_86"), "without code for the GTX 1080", "Set Up"),
        (nvidia("linux", "580.65.06", "RTX 5090", 12, 0), "12.6", ("sm_80", "sm_90"), "without code for the RTX 5090", "Set Up"),
        (nvidia("linux", "550.54.14", "RTX 4090", 8, 9, 12040), "13.0", ("sm_86",), "of 580 or later", "Update NVIDIA's driver"),
        (nvidia("linux", "580.65.06", "RTX 4090", 8, 9), "", (), "for the processor alone", "Press Set Up again"),
        (nvidia("linux", "570.86.10", "RTX 5090", 12, 0, 12080), "", (), "for the processor alone", "update it"),
        (machine(files=kfd(110000)), "13.0", (), "NVIDIA's graphics cards", "Press Set Up again"),
        (machine(files=kfd(110000)), "", (), "", ""),
        (machine(), "", (), "", ""),
        (machine("darwin", "arm64", macos="15.1"), "", (), "", ""),
    ],
)
def test_an_installed_build_that_does_not_fit_is_told_of(
    found: Machine, cuda: str, architectures: tuple[str, ...], words: str, remedy: str
) -> None:
    text, advice = misfit(found, cuda, "", architectures, LISTED)
    assert (words in text, bool(text)) == (True, bool(words))
    assert remedy in advice


def test_the_lists_that_ship_are_whole_and_of_the_tested_pytorch() -> None:
    pinned = (Path(__file__).parents[2] / "requirements" / "torch.txt").read_text(encoding="utf-8")
    assert {
        "windows-x64-cpu",
        "windows-x64-cu130",
        "windows-x64-cu126",
        "linux-x64-cpu",
        "linux-x64-cu130",
        "macos-arm64-mps",
    } <= LISTED
    assert set(BUILDS) >= LISTED
    for name in LISTED:
        packages = read_list(Path(__file__).parents[2] / "requirements" / "runtime" / f"{name}.txt")
        assert (3, 12) in packages.pythons, name
        assert f"torch=={packages.package('torch').version.partition('+')[0]}\n" in pinned
        assert {"numpy", "safetensors", "pillow", "pyyaml", "fast-simplification", "tqdm", "filelock"} <= {
            package.name for package in packages.packages
        }
        assert all(package.size > 0 for package in packages.packages)

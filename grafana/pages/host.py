"""The machine, from the node exporter."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid
from grafana.tables import Column, Label, table

_OURS: Final = 'instance=~"$instance"'
# Without file systems in memory and those of the kernel.
_DISKS: Final = f'{_OURS}, fstype!~"tmpfs|ramfs|overlay|squashfs|proc|sysfs|cgroup.*"'
_FULL: Final = Steps(GREEN, ((0.8, YELLOW), (0.95, RED)))


def _rate(metric: str, more: str = "") -> str:
    return f"rate({metric}{{{_OURS}{more}}}[$__rate_interval])"


def _state() -> list[Builder]:
    idle = _rate("node_cpu_seconds_total", ', mode="idle"')
    free = f"sum(node_memory_MemAvailable_bytes{{{_OURS}}})"
    return [
        stat(
            "Processor",
            "Is the processor the bottleneck? The share of time in which it is not idle.",
            Query(f"1 - avg({idle})"),
            unit="percentunit",
            decimals=0,
            steps=_FULL,
        ).span(6),
        stat(
            "Load on each core",
            "Do processes wait for a processor? Above 1 they do.",
            Query(f"sum(node_load5{{{_OURS}}}) / count({idle})"),
            unit="none",
            steps=Steps(GREEN, ((1, YELLOW), (2, RED))),
        ).span(6),
        stat(
            "Memory",
            "Is memory short? The share that is no longer available.",
            Query(f"1 - {free} / sum(node_memory_MemTotal_bytes{{{_OURS}}})"),
            unit="percentunit",
            decimals=0,
            steps=_FULL,
        ).span(6),
        stat(
            "Open files",
            "Are file handles short? The share of the maximum that is open.",
            Query(f"sum(node_filefd_allocated{{{_OURS}}}) / sum(node_filefd_maximum{{{_OURS}}})"),
            unit="percentunit",
            steps=_FULL,
        ).span(6),
    ]


def _usage() -> list[Builder]:
    busy = _rate("node_cpu_seconds_total", ', mode!="idle"')
    memory = [
        ("MemTotal", "total"),
        ("MemAvailable", "available"),
        ("Cached", "page cache"),
        ("SwapFree", "swap free"),
    ]
    return [
        graph(
            "Processor by mode",
            "What does the processor do? Cores in use by mode; `iowait` waits for a disk, "
            "`steal` went to other guests of a virtual machine's host.",
            [Query(f"sum by (mode) ({busy})", "{{mode}}")],
            unit="suffix:cores",
        ),
        graph(
            "Memory in detail",
            "Where is the memory? `available` is what programs can still get.",
            [Query(f"sum(node_memory_{name}_bytes{{{_OURS}}})", text) for name, text in memory],
            unit="bytes",
        ),
        graph(
            "Disk use",
            "Is a disk the bottleneck? The share of time in which it is busy.",
            [Query(f"sum by (device) ({_rate('node_disk_io_time_seconds_total')})", "{{device}}")],
            unit="percentunit",
            steps=_FULL,
        ),
    ]


def _disks() -> Builder:
    by = "max by (mountpoint)"
    size = f"{by} (node_filesystem_size_bytes{{{_DISKS}}} > 0)"
    free = f"{by} (node_filesystem_avail_bytes{{{_DISKS}}})"
    inodes = f"{by} (node_filesystem_files{{{_DISKS}}} > 0)"
    return table(
        "File systems",
        "Is a disk full? Size and free space of each file system; a full one stops the database"
        " and loses logs.",
        [Label("mountpoint", "Mounted on")],
        [
            Column("Size", size, "bytes"),
            Column("Free", free, "bytes"),
            Column("Used", f"1 - {free} / {size}", "percentunit", _FULL, decimals=0),
            Column(
                "Files used",
                f"1 - {by} (node_filesystem_files_free{{{_DISKS}}}) / {inodes}",
                "percentunit",
                _FULL,
                decimals=0,
                empty="not counted",
            ),
        ],
        empty="the exporter sees no file system",
        sort_by="Used",
    )


PAGE: Final = Page(
    uid=Uid.HOST,
    title="Host",
    description="The machine that everything runs on.",
    variables=(instance_variable("node_load1"),),
    annotations=(all_alerts(),),
    rows=(Row("State", _state()), Row("Use", _usage()), Row("Disks", [_disks()])),
)

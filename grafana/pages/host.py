"""The machine, from the node exporter, whose container does not see the network of the machine."""

from typing import Final

from burnrate.slo.windows import DAY
from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.panels import (
    DASHED,
    FULL,
    GREEN,
    LIMIT,
    NONE_ALLOWED,
    RED,
    YELLOW,
    Query,
    Steps,
    graph,
    stat,
)
from grafana.places import Uid
from grafana.tables import Column, Label, table

_OURS: Final = 'instance=~"$instance"'
# Without file systems in memory and those of the kernel.
_DISKS: Final = f'{_OURS}, fstype!~"tmpfs|ramfs|overlay|squashfs|proc|sysfs|cgroup.*"'

# Stands for more days than anybody waits for.
_NEVER: Final = 1e6


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
            steps=FULL,
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
            steps=FULL,
        ).span(6),
        stat(
            "Open files",
            "Are file handles short? The share of the maximum that is open.",
            Query(f"sum(node_filefd_allocated{{{_OURS}}}) / sum(node_filefd_maximum{{{_OURS}}})"),
            unit="percentunit",
            steps=FULL,
        ).span(6),
    ]


def _pressure(resource: str) -> str:
    return f"max({_rate(f'node_pressure_{resource}_waiting_seconds_total')})"


def _processor() -> list[Builder]:
    busy = _rate("node_cpu_seconds_total", ', mode!="idle"')
    idle = _rate("node_cpu_seconds_total", ', mode="idle"')
    return [
        graph(
            "Processor by mode",
            "What does the processor do? Cores in use by mode; `iowait` waits for a disk, "
            "`steal` went to other guests of a virtual machine's host.",
            [Query(f"sum by (mode) ({busy})", "{{mode}}")],
            unit="suffix:cores",
        ),
        graph(
            "Run queue",
            "How many processes want to run? Those that run or wait for a processor now, and "
            "those that wait for a disk; the dashed line is the number of cores.",
            [
                Query(f"sum(node_procs_running{{{_OURS}}})", "running or waiting"),
                Query(f"sum(node_procs_blocked{{{_OURS}}})", "waiting for a disk"),
                Query(f"count({idle})", LIMIT),
            ],
            unit="none",
        ).override_by_name(LIMIT, DASHED),
        graph(
            "Pressure",
            "What is short? The share of time in which some process waited for a processor, for "
            "memory or for a disk, as the kernel measures it.",
            [Query(_pressure(each), each) for each in ("cpu", "memory", "io")],
            unit="percentunit",
            steps=Steps(GREEN, ((0.1, YELLOW), (0.5, RED))),
            empty="this kernel does not measure it",
        ),
    ]


def _memory() -> list[Builder]:
    memory = [
        ("MemTotal", "total"),
        ("MemAvailable", "available"),
        ("Cached", "page cache"),
        ("SwapFree", "swap free"),
    ]
    return [
        graph(
            "Memory in detail",
            "Where is the memory? `available` is what programs can still get.",
            [Query(f"sum(node_memory_{name}_bytes{{{_OURS}}})", text) for name, text in memory],
            unit="bytes",
        ),
        graph(
            "Swapping",
            "Is memory moved to disk? Pages a second out of and into memory; what goes on for "
            "long makes everything slow.",
            [
                Query(f"sum({_rate('node_vmstat_pswpout')})", "out"),
                Query(f"sum({_rate('node_vmstat_pswpin')})", "in"),
            ],
            unit="ops",
        ),
        graph(
            "Killed for memory",
            "Did the kernel kill processes? How many, because no memory was left. 0 on a healthy "
            "machine.",
            [
                Query(
                    f"sum(increase(node_vmstat_oom_kill{{{_OURS}}}[$__rate_interval]))",
                    "killed",
                )
            ],
            unit="none",
            steps=NONE_ALLOWED,
        ),
    ]


def _disk_use() -> list[Builder]:
    weighted = _rate("node_disk_io_time_weighted_seconds_total")
    return [
        graph(
            "Disk use",
            "Is a disk the bottleneck? The share of time in which it is busy.",
            [Query(f"sum by (device) ({_rate('node_disk_io_time_seconds_total')})", "{{device}}")],
            unit="percentunit",
            steps=FULL,
        ).span(12),
        graph(
            "Disk queue",
            "Do programs wait for a disk? Operations in its queue, on average.",
            [Query(f"sum by (device) ({weighted})", "{{device}}")],
            unit="none",
        ).span(12),
    ]


def _disks() -> Builder:
    by = "max by (mountpoint)"
    size = f"{by} (node_filesystem_size_bytes{{{_DISKS}}} > 0)"
    free = f"{by} (node_filesystem_avail_bytes{{{_DISKS}}})"
    inodes = f"{by} (node_filesystem_files{{{_DISKS}}} > 0)"
    # Of less than an hour it would be a guess: one large file, and the disk is full today.
    old_enough = f"{by} (node_filesystem_avail_bytes{{{_DISKS}}} offset 1h)"
    trend = f"({by} (deriv(node_filesystem_avail_bytes{{{_DISKS}}}[6h])) and {old_enough})"
    return table(
        "File systems",
        "Is a disk full, or soon? Size and free space of each file system, and in how many days it "
        "is full at the rate of the last six hours (one at least). A full one stops the database "
        "and loses logs.",
        [Label("mountpoint", "Mounted on")],
        [
            Column("Size", size, "bytes"),
            Column("Free", free, "bytes"),
            Column("Used", f"1 - {free} / {size}", "percentunit", FULL, decimals=0),
            Column(
                "Full in",
                f"({free} / (-{trend} > 1) / {DAY}) or {size} * 0 + {_NEVER:.0f}",
                "suffix:d",
                Steps(RED, ((2, YELLOW), (7, GREEN))),
                decimals=1,
                words=((_NEVER, "does not fill"),),
            ),
            Column(
                "Files used",
                f"1 - {by} (node_filesystem_files_free{{{_DISKS}}}) / {inodes}",
                "percentunit",
                FULL,
                decimals=0,
                empty="not counted",
            ),
        ],
        empty="no file system is known to an exporter",
        sort_by="Used",
    )


PAGE: Final = Page(
    uid=Uid.HOST,
    title="Host",
    description="The machine that everything runs on; its network is not measured.",
    variables=(instance_variable("node_load1"),),
    annotations=(all_alerts(),),
    rows=(
        Row("State", _state()),
        Row("Processor: used, waited for", _processor()),
        Row("Memory: used, waited for, failed", _memory()),
        Row("Disks: used, waited for", _disk_use()),
        Row("File systems", [_disks()]),
    ),
)

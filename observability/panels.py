"""What a panel is, how it is asked for, and how Grafana wants it written."""

from collections.abc import Sequence
from typing import Any, NamedTuple

RATE = "$__rate_interval"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT, ACROSS = 8, 8, 3  # of Grafana's 24 columns
SCHEMA = 39


class Panel(NamedTuple):
    """`queries` are pairs of a legend and PromQL."""

    title: str
    description: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


def rate(metric: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[{RATE}]))"


def quantile(q: float, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    name, brace, selector = metric.partition("{")
    return f"histogram_quantile({q}, sum by ({labels}) (rate({name}_bucket{brace}{selector}[{RATE}])))"


def quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"p{round(q * 100)}", quantile(q, metric)) for q in (0.5, 0.95, 0.99))


def each(metric: str, label: str) -> tuple[tuple[str, str], ...]:
    """A rate for each value of `label`."""
    return ((f"{{{{{label}}}}}", rate(metric, label)),)


def cpu_of(service: str) -> str:
    """Cores that all processes of a kind use."""
    kind = f'roomtally_build_info{{service="{service}"}}'
    return f"sum(rate(process_cpu_seconds_total[{RATE}]) * on (instance) group_left () {kind})"


INSTANCE = "{{instance}}"


def dashboard(name: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    return {
        "uid": f"roomtally-{name}",
        "title": title,
        "tags": ["roomtally"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [
            {"type": "dashboards", "tags": ["roomtally"], "title": "Roomtally", "asDropdown": True, "keepTime": True}
        ],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                },
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description or f"{panel.title}.",
        "datasource": DATASOURCE,
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": number % ACROSS * WIDTH, "y": number // ACROSS * HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0} if panel.unit != "percentunit" else {"unit": panel.unit},
            "overrides": [],
        },
        "options": _options(panel.kind),
        "targets": [_target(panel, place) for place in range(len(panel.queries))],
    }


def _options(kind: str) -> dict[str, Any]:
    if kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": "s"}}
    if kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
    return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi"}}


def _target(panel: Panel, place: int) -> dict[str, Any]:
    legend, expression = panel.queries[place]
    return {
        "refId": "ABCDEFG"[place],
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
        "exemplar": "histogram_quantile" in expression,
        "range": True,
    }

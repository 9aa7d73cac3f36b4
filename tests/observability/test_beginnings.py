"""The configurations that begin a monitoring beside the service: each name that one file says is there in the other."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from observability import build

HERE = Path(build.__file__).parent
PROVISIONING = {"datasources": "datasources.yml", "dashboards": "dashboards.yml"}


def read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text("utf-8"))


@pytest.fixture
def services() -> dict[str, Any]:
    return read("compose.yaml")["services"]


def targets(services: dict[str, Any], name: str) -> dict[str, str]:
    """What a service finds in its container: the path, and the file or folder here."""
    mounts = [volume.split(":") for volume in services[name].get("volumes", ())]
    assert all(mode == "ro" for _, _, mode in mounts), name
    return {inside: here.removeprefix("./") for here, inside, _ in mounts}


def test_each_file_that_is_mounted_is_here_and_each_image_has_a_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["image"].rpartition(":")[2][-1].isdigit(), name
        for file in targets(services, name).values():
            assert (HERE / file).exists(), file


def test_each_configuration_is_read_where_it_is_mounted(services: dict[str, Any]) -> None:
    configs = read("compose.yaml")["configs"]
    for name, service in services.items():
        given = {*targets(services, name), *(config["target"] for config in service.get("configs", ()))}
        assert {config["source"] for config in service.get("configs", ())} <= set(configs)
        asked = [word.partition("=")[2] for word in service.get("command", ()) if "config" in word]
        assert set(asked) <= given, name
    prometheus = targets(services, "prometheus")
    assert {f"rules/{Path(rule).name}" for rule in read("prometheus.compose.yml")["rule_files"]} == {
        f"rules/{path.name}" for path in (HERE / "rules").iterdir()
    }
    assert prometheus["/etc/prometheus/rules"] == "rules"
    inside = targets(services, "grafana")
    for kind, file in PROVISIONING.items():
        assert inside[f"/etc/grafana/provisioning/{kind}/roomtally.yml"] == f"grafana/{file}"
    [provider] = read("grafana/dashboards.yml")["providers"]
    assert inside[provider["options"]["path"]] == "dashboards"


def test_addresses_name_services_that_are_there(services: dict[str, Any]) -> None:
    addresses = [source["url"] for source in read("grafana/datasources.yml")["datasources"]]
    addresses.append(read("otel-collector.yaml")["exporters"]["otlphttp"]["endpoint"])
    addresses += [
        f"http://{target}"
        for manager in read("prometheus.compose.yml")["alerting"]["alertmanagers"]
        for static in manager["static_configs"]
        for target in static["targets"]
    ]
    assert {address.removeprefix("http://").partition(":")[0] for address in addresses} <= set(services)


def test_pipelines_of_the_collector_are_made_of_what_it_declares() -> None:
    collector = read("otel-collector.yaml")
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= set(collector[kind])
        assert pipeline["processors"][0] == "memory_limiter", "before anything that keeps spans"
        assert pipeline["processors"][-1] == "batch", "behind what drops spans"
    used = {
        name for pipeline in collector["service"]["pipelines"].values() for names in pipeline.values() for name in names
    }
    assert used == {name for kind in ("receivers", "processors", "exporters") for name in collector[kind]}


def test_exemplars_lead_to_a_source_of_traces() -> None:
    sources = {source["uid"]: source for source in read("grafana/datasources.yml")["datasources"]}
    [destination] = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert destination["name"] == "trace_id", "as telemetry/tracing.py calls it"
    assert sources[destination["datasourceUid"]]["type"] == "tempo"
    assert [source["uid"] for source in sources.values() if source.get("isDefault")] == ["prometheus"]

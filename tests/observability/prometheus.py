"""A real Prometheus that scrapes real processes every second, with the shipped configuration and rules but for the waiting."""

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.fixtures.app import free_port
from tests.fixtures.plain import NO_TLS

OBSERVABILITY = Path(__file__).parents[2] / "observability"


class Prometheus:
    """Running from the start on; `stop` ends it."""

    def __init__(self, folder: Path, targets: Sequence[str]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        folder.mkdir()
        self._configure(targets)
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address={self.url.removeprefix('http://')}", "--enable-feature=exemplar-storage"]
        with (folder / "log").open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)

    def _configure(self, targets: Sequence[str]) -> None:
        shutil.copytree(OBSERVABILITY / "rules", self._folder / "rules")
        for rules in (self._folder / "rules").glob("*.yml"):
            rules.write_text(re.sub(r"(?m)^ +for: .*\n", "", rules.read_text()))
        config: dict[str, Any] = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        del config["alerting"]
        [job] = config["scrape_configs"]
        job["static_configs"] = [{"targets": list(targets)}]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            return httpx.get(f"{self.url}/-/ready", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """The series of `query` now, each with its labels."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, verify=NO_TLS).json()
        assert answer["status"] == "success", (query, answer)
        data = answer["data"]
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def firing(self) -> set[str]:
        return {labels["alertname"] for labels, _ in self.ask('ALERTS{alertstate="firing"}')}

    def exemplars(self, query: str) -> set[str]:
        """The traces that it kept for a metric in the last minutes."""
        now = self.ask("time()")[0][1]
        times: dict[str, Any] = {"query": query, "start": now - 300, "end": now + 1}
        answer = httpx.get(f"{self.url}/api/v1/query_exemplars", params=times, verify=NO_TLS).json()
        return {found["labels"]["trace_id"] for series in answer["data"] for found in series["exemplars"]}

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)

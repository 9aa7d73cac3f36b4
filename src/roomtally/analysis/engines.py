"""The engine that the settings ask for. Each is imported only where it is asked for: they load different heavy things."""

from typing import assert_never

from roomtally.analysis.model import Analyzer
from roomtally.settings import Settings


def create_analyzer(settings: Settings) -> Analyzer:
    """Loads what the engine needs (about a second for `bundled`); raises `errors.Invalid` that says what is set wrong."""
    match settings.analyzer:
        case "bundled":
            from roomtally.analysis.bundled.analyzer import BundledAnalyzer

            return BundledAnalyzer(settings.analyzer_threads)
        case "onnx":
            from roomtally.analysis.custom.analyzer import CustomAnalyzer

            return CustomAnalyzer(settings)
        case "openai":
            from roomtally.analysis.endpoint.analyzer import EndpointAnalyzer

            return EndpointAnalyzer(settings)
        case _:
            assert_never(settings.analyzer)

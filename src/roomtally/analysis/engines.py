"""The engine that the settings ask for."""

from roomtally.analysis.model import Analyzer
from roomtally.settings import Settings


def create_analyzer(settings: Settings) -> Analyzer:
    """Loads what the engine needs (about a second for `bundled`); raises `errors.Invalid` that says what is set wrong."""
    from roomtally.analysis.bundled.analyzer import BundledAnalyzer

    return BundledAnalyzer(settings.analyzer_threads)

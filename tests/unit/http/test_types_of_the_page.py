"""The page's types are made from what the service says of itself: `make types` after a change."""

from tests.fixtures import document


async def test_the_document_that_the_types_are_made_from_is_that_of_the_service():
    """Of the types and this file `npm run types:check` says the same, in `make lint`."""
    assert document.FILE.read_text("utf-8") == await document.document()

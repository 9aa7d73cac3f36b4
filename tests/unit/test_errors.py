import pickle

from roomtally import errors


def test_an_error_crosses_a_process_unharmed():
    error = pickle.loads(pickle.dumps(errors.TooMany("too-many-streams", "Close one.", retry_after=7)))  # noqa: S301 - our own bytes
    assert isinstance(error, errors.TooMany)
    assert (error.slug, error.detail, error.retry_after) == ("too-many-streams", "Close one.", 7)


def test_each_kind_is_told_apart():
    ours = [
        cls for cls in errors.RoomtallyError.__subclasses__() if cls.__module__ == errors.__name__
    ]  # the client has its own
    kinds = [cls.kind for cls in ours if cls.kind != "error"]
    kinds += [errors.TooMany.kind, errors.Unavailable.kind]
    assert len(set(kinds)) == len(kinds) == 11

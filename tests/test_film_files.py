"""Films in and out of files: real containers, their times, sound, colors, and what may be wrong with them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import write_picture
from films import HIGH, WIDE, frames_of, read_clip, sound_of, write_clip, write_tone

from keras_nst.core.plan.pyramid import Size
from keras_nst.video.footage import Footage, Survey, survey
from keras_nst.video.reading import Raw, Source, open_source
from keras_nst.video.writing import Timing, write_film

MOST = 10**7
FRAMES = frames_of(12)
SECOND = Timing(tuple(range(0, 1000, 40)), Fraction(1, 1000), Fraction(25))


def source(path: Path, rate: float = 25) -> Source:
    return open_source(path, rate, MOST)


def looked_through(path: Path, start: float = 0, end: float = 0, cuts: bool = False) -> Survey:
    return survey(source(path), start, end, cuts)


def footage(path: Path, size: Size | None = None) -> Footage:
    opened = source(path)
    return Footage(opened, survey(opened, 0, 0, False), size or Size(HIGH, WIDE))


# --- Reading ---


@pytest.mark.parametrize(("name", "codec"), [("film.mkv", "ffv1"), ("film.avi", "ffv1"), ("film.mov", "png")])
def test_frames_are_those_of_the_file(tmp_path: Path, name: str, codec: str) -> None:
    film = footage(write_clip(tmp_path / name, FRAMES, codec=codec, pixels="bgr0" if codec == "ffv1" else "rgb24"))
    assert len(film) == len(FRAMES)
    for number, frame in enumerate(FRAMES):
        np.testing.assert_array_equal(film.levels(number), frame)


LONG = frames_of(40)
KINDS = {  # whose places are told with more or less care
    "closed.mp4": {"codec": "libx264", "options": {"g": "6", "bf": "2"}},
    "open.mp4": {"codec": "libx264", "options": {"g": "8", "bf": "3", "x264-params": "open-gop=1"}},
    "open.mkv": {"codec": "libx265", "options": {"x265-params": "keyint=8:min-keyint=8:open-gop=1"}},
    "b.avi": {"codec": "mpeg4", "options": {"g": "8", "bf": "2"}},
    "b264.avi": {"codec": "libx264", "options": {"g": "8", "bf": "3"}},
    "stream.ts": {"codec": "libx264", "options": {"g": "8", "bf": "2"}},
    "stream.mpg": {"codec": "mpeg2video", "options": {"g": "8", "bf": "2"}, "unit": Fraction(1, 25)},
    "raw.h264": {"codec": "libx264", "options": {"g": "8", "bf": "2"}},
    "web.webm": {"codec": "libvpx-vp9", "options": {"g": "8", "deadline": "realtime"}},
}


@pytest.mark.parametrize("name", KINDS)
def test_frames_are_found_in_any_order(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a reader that has read nothing before, as where a film goes on; and back and forth."""
    monkeypatch.setattr("keras_nst.video.footage.KEPT", 3)
    monkeypatch.setattr("keras_nst.video.footage.LEAST", 3)
    monkeypatch.setattr("keras_nst.video.footage.AHEAD", 4)
    path = write_clip(tmp_path / name, LONG, pixels="yuv420p", **KINDS[name])
    opened = source(path)
    known = survey(opened, 0, 0, False)
    there = [raw.levels for raw in opened.frames()]
    assert len(known.times) == len(there) == len(LONG)
    for number in range(0, len(LONG), 3):
        film = Footage(opened, known, Size(HIGH, WIDE))
        np.testing.assert_array_equal(film.levels(number), there[number])
    for number in (39, 2, 38, 20, 19, 18, 17, 25, 0):
        np.testing.assert_array_equal(film.levels(number), there[number])


def test_frames_that_are_not_those_of_their_times_are_not_taken_for_them() -> None:
    """Some decoders give others after a jump into the middle: then it is read from its beginning."""

    class Lying:
        unit, rate, broken, jumps = Fraction(1), Fraction(1), 0, 0

        def frames(self, since: int | None = None) -> Iterator[Raw]:
            self.jumps += since is not None
            for number in range(since or 0, len(LONG)):
                yield Raw(number, LONG[number] if since is None else LONG[number - 1])

    lying = Lying()
    film = Footage(lying, survey(lying, 0, 0, False), Size(HIGH, WIDE))
    for number in (30, 39, 5):
        np.testing.assert_array_equal(film.levels(number), LONG[number])
    assert lying.jumps == 1


def test_a_film_that_has_changed_is_told(tmp_path: Path) -> None:
    opened = source(write_clip(tmp_path / "film.mkv", FRAMES))
    film = Footage(opened, survey(opened, 0, 0, False), Size(HIGH, WIDE))
    write_clip(tmp_path / "film.mkv", FRAMES[:4])
    with pytest.raises(ValueError, match="Expected to find frame 9 again. Received: a film that has changed"):
        film.levels(9)


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path) -> None:
    write_clip(tmp_path / "film.mkv", FRAMES).rename(tmp_path / "a:b.mkv")
    assert len(looked_through(tmp_path / "a:b.mkv").times) == len(FRAMES)
    written(tmp_path / "c:d.mp4", tuple(40 * number for number in range(12)))
    assert (tmp_path / "c:d.mp4").exists()


def test_few_frames_are_kept_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras_nst.video.footage.KEPT", 4)
    monkeypatch.setattr("keras_nst.video.footage.LEAST", 4)
    film = footage(write_clip(tmp_path / "film.mkv", FRAMES))
    for number in (*range(12), *range(11, -1, -1)):
        np.testing.assert_array_equal(film.levels(number), FRAMES[number])
        assert len(film.kept) <= 4


def test_times_may_be_irregular(tmp_path: Path) -> None:
    times = [0, 40, 60, 200, 240, 500, 510, 520, 800, 1000, 1001, 2000]
    known = looked_through(write_clip(tmp_path / "film.mkv", FRAMES, times))
    unit = source(tmp_path / "film.mkv").unit
    assert [round(1000 * time * unit) for time in known.times] == times


def test_a_part_of_a_film(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", FRAMES)
    known = looked_through(path, 0.1, 0.3)
    assert [round(time * source(path).unit * 1000) for time in known.times] == [120, 160, 200, 240, 280]
    film = Footage(source(path), known, Size(HIGH, WIDE))
    np.testing.assert_array_equal(film.levels(0), FRAMES[3])
    with pytest.raises(ValueError, match="readable frames after 9 seconds. Received: none"):
        looked_through(path, 9)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_films_are_turned_upright(tmp_path: Path, turn: int) -> None:
    path = write_clip(tmp_path / "film.mov", FRAMES[:2], codec="qtrle", pixels="rgb24", rotate=turn)
    (first, _) = (raw.levels for raw in source(path).frames())
    np.testing.assert_array_equal(first, np.rot90(FRAMES[0], turn // 90))


def test_pixels_become_square(tmp_path: Path) -> None:
    wide = {"codec": "libx264", "pixels": "yuv420p", "sample_aspect_ratio": Fraction(3, 2)}
    path = write_clip(tmp_path / "film.mp4", FRAMES[:2], **wide)
    assert looked_through(path).size == (HIGH, WIDE * 3 // 2)


def test_ten_bits_are_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mp4", FRAMES[:3], codec="libx265", pixels="yuv420p10le")
    apart = abs(footage(path).levels(1).astype(int) - FRAMES[1])
    assert apart.mean() < 8


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused(tmp_path: Path, curve: int, name: str) -> None:
    path = write_clip(tmp_path / "film.mp4", FRAMES[:2], codec="libx264", pixels="yuv420p10le", color_trc=curve)
    with pytest.raises(ValueError, match=rf"Expected a film of standard range.*Received: HDR \({name}\)"):
        source(path)


def test_broken_frames_are_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mov", FRAMES, codec="png", pixels="rgb24")
    data = path.read_bytes()
    starts = [place for place in range(len(data)) if data.startswith(b"\x89PNG", place)]
    damaged = bytearray(data)
    damaged[starts[5] + 40 : starts[5] + 400] = bytes(360)
    path.write_bytes(damaged)
    opened = source(path)
    known = survey(opened, 0, 0, False)
    assert len(known.times) == 11 and known.broken == 1
    np.testing.assert_array_equal(Footage(opened, known, Size(HIGH, WIDE)).levels(5), FRAMES[6])


def test_a_film_that_ends_in_the_middle_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.mkv", FRAMES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 2 <= len(looked_through(path).times) < 12


def test_frames_that_change_their_size_are_fitted(tmp_path: Path) -> None:
    for number, (height, width) in enumerate([(48, 64), (24, 32), (48, 64)]):
        write_picture(tmp_path / f"{number}.png", height, width)
    film = footage(tmp_path)
    assert [film.levels(number).shape for number in range(3)] == [(48, 64, 3)] * 3


def test_folders_are_films_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write_picture(tmp_path / f"frame{number}.png", seed=number)
    (tmp_path / "frame3.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no frame")
    opened = source(tmp_path, rate=12.5)
    known = survey(opened, 0, 0, False)
    assert known.times == (0, 1, 3) and opened.unit == Fraction(2, 25) and known.broken == 1
    film = Footage(opened, known, Size(48, 64))
    from PIL import Image

    for number, name in enumerate(["frame1.png", "frame2.png", "frame10.png"]):
        np.testing.assert_array_equal(film.levels(number), np.asarray(Image.open(tmp_path / name)))


def test_shots_are_told_apart(tmp_path: Path) -> None:
    frames = [*frames_of(5), *(255 - frame for frame in frames_of(4, seed=3))]
    known = looked_through(write_clip(tmp_path / "film.mkv", frames), cuts=True)
    assert known.shots == [range(5), range(5, 9)]
    assert looked_through(tmp_path / "film.mkv").shots == [range(9)]


def test_what_is_no_film_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ValueError, match="Expected a film. Received: a file that cannot be read as one"):
        source(tmp_path / "text.mp4")
    write_clip(tmp_path / "both.mkv", FRAMES, sound="aac")

    with av.open(str(tmp_path / "both.mkv")) as heard, av.open(str(tmp_path / "sound.mka"), "w") as container:
        stream = container.add_stream_from_template(heard.streams.audio[0])
        for packet in heard.demux(heard.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    with pytest.raises(ValueError, match="Expected a film. Received: a file without pictures"):
        source(tmp_path / "sound.mka")
    with pytest.raises(FileNotFoundError):
        source(tmp_path / "none.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="Expected a folder with pictures"):
        source(tmp_path / "empty")
    with pytest.raises(ValueError, match="Expected at most 0.001 megapixels .--max_megapixels.. Received: 64x48"):
        open_source(tmp_path / "both.mkv", 25, 1000)


# --- Writing ---


def written(path: Path, times: tuple[int, ...], heard: Path | None = None) -> list[str]:
    timing = Timing(times, Fraction(1, 1000), Fraction(25))
    return write_film(path, lambda number: FRAMES[number], Size(HIGH, WIDE), timing, heard)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
def test_frames_are_written_at_their_times(tmp_path: Path, name: str) -> None:
    times = (0, 40, 60, 200, 240, 500, 520, 560, 800, 1000, 1040, 2000)
    written(tmp_path / name, times)
    frames, seconds = read_clip(tmp_path / name)
    assert [round(1000 * second) for second in seconds] == list(times)
    for frame, own in zip(frames, FRAMES, strict=True):
        assert abs(frame.astype(int) - own).mean() < 8  # colors have half the resolution
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.mov"])
@pytest.mark.parametrize(("end", "seconds"), [(2600, 2.6), (None, 2.04)])
def test_the_last_frame_lasts_until_the_end(tmp_path: Path, name: str, end: int | None, seconds: float) -> None:
    times = (0, 40, 60, 200, 240, 500, 520, 560, 800, 1000, 1040, 2000)
    timing = Timing(tuple(5000 + time for time in times), Fraction(1, 1000), Fraction(25), end and 5000 + end)
    write_film(tmp_path / name, lambda number: FRAMES[number], Size(HIGH, WIDE), timing, None)
    with av.open(str(tmp_path / name)) as container:
        assert container.duration / av.time_base == pytest.approx(seconds, abs=0.002)


def test_what_is_cut_off_tells_where(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    write_film(film, lambda number: FRAMES[number], Size(HIGH, WIDE), Timing((0, 40, 900, 2000), *SECOND[1:]), None)
    whole, part = looked_through(film), looked_through(film, 0.03, 1.5)
    assert (whole.times, whole.end) == ((0, 40, 900, 2000), None)
    assert (part.times, part.end) == ((40, 900), 1500)
    assert looked_through(film, 0, 0.9001).end == 901  # or the last frame would not be seen at all


def test_a_part_begins_at_zero(tmp_path: Path) -> None:
    written(tmp_path / "out.mp4", tuple(5000 + 40 * number for number in range(12)))
    _, seconds = read_clip(tmp_path / "out.mp4")
    assert seconds[0] == 0 and seconds[-1] == Fraction(11, 25)


def test_colors_stay_what_they_are(tmp_path: Path) -> None:
    """Flat ones, so that only the conversion there and back counts, which players do by what the file says."""
    colors = np.uint8([[255, 0, 0], [0, 200, 40], [20, 30, 220], [128, 128, 128], [250, 240, 10], [0, 0, 0]])
    timing = Timing((0,), Fraction(1, 25), Fraction(25))
    for color in colors:
        flat = np.broadcast_to(color, (48, 64, 3))
        write_film(tmp_path / "out.mp4", lambda number, flat=flat: np.array(flat), Size(48, 64), timing, None)
        (raw,) = source(tmp_path / "out.mp4").frames()
        assert abs(raw.levels[20, 30].astype(int) - color).max() <= 4


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_is_copied(tmp_path: Path, name: str) -> None:
    film = write_clip(tmp_path / "film.mkv", FRAMES, sound="aac")
    assert written(tmp_path / name, tuple(40 * number for number in range(12)), film) == []
    before, after = sound_of(film), sound_of(tmp_path / name)
    within = [(second, data) for second, data in before if 0 <= second < 0.48]
    assert [data for _, data in after] == [data for _, data in within] and len(after) > 10
    for (second, _), (own, _) in zip(after, within, strict=True):
        assert second == pytest.approx(own, abs=0.002)


def test_sound_of_a_part_is_that_part(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", FRAMES, sound="aac")
    times = tuple(40 * number for number in range(5, 9))
    timing = Timing(times, Fraction(1, 1000), Fraction(25))
    write_film(tmp_path / "out.mp4", lambda number: FRAMES[number], Size(HIGH, WIDE), timing, film)
    within = [(second, data) for second, data in sound_of(film) if 0.2 <= second < 0.36]
    after = sound_of(tmp_path / "out.mp4")
    assert [data for _, data in after] == [data for _, data in within]
    assert after[0][0] == pytest.approx(within[0][0] - 0.2, abs=0.002)


def test_sound_that_does_not_fit_is_encoded_anew_and_told(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", FRAMES, sound="libopus")
    notes = written(tmp_path / "out.mov", tuple(40 * number for number in range(12)), film)
    assert notes == ["The sound is encoded as pcm_s16le: the original cannot be copied."]
    assert sound_of(tmp_path / "out.mov")


def heard(path: Path, number: int = 0) -> tuple[np.ndarray, dict[str, str]]:
    """Returns the first 1.2 seconds of a film's sound, each sample at its own time, and what it tells."""
    wave = np.zeros(57_600)
    with av.open(str(path)) as container:
        stream = container.streams.audio[number]
        resampler = av.AudioResampler("fltp", "mono", 48_000)
        for frame in (part for each in container.decode(stream) for part in resampler.resample(each)):
            begin = round(48_000 * frame.pts * frame.time_base)
            part = frame.to_ndarray()[0][max(0, -begin) : max(0, len(wave) - begin)]
            wave[max(0, begin) : max(0, begin) + len(part)] = part
        return wave, dict(stream.metadata)


def sounding(path: Path, codec: str, tracks: int, gap: tuple[float, float] = (0.0, 0.0)) -> Path:
    """Writes a second of film whose sounds have names."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = HIGH, WIDE, "bgr0"
        sounds = [container.add_stream(codec, rate=48_000) for _ in range(tracks)]
        for sound, language in zip(sounds, ("eng", "ger", "ita"), strict=False):
            sound.layout = "mono"
            sound.metadata["language"] = language
        for number in range(25):
            picture = av.VideoFrame.from_ndarray(FRAMES[number % 12], format="rgb24").reformat(format="bgr0")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        for number, sound in enumerate(sounds):
            write_tone(container, sound, 1.0, gap, 440 * (number + 1))
    return path


@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "aac"), ("out.mkv", "aac"), ("out.mov", "libopus")])
def test_all_sounds_are_taken_over_with_their_names(tmp_path: Path, name: str, codec: str) -> None:
    film = sounding(tmp_path / "film.mkv", codec, 3)
    write_film(tmp_path / name, lambda number: FRAMES[number % 12], Size(HIGH, WIDE), SECOND, film)
    with av.open(str(tmp_path / name)) as container:
        assert len(container.streams.audio) == 3
    for number, language in enumerate(("eng", "ger", "ita"), start=1):
        wave, told = heard(tmp_path / name, number - 1)
        assert told["language"] == language
        spectrum = abs(np.fft.rfft(wave[4_800:9_600]))
        assert 10 * np.argmax(spectrum) == pytest.approx(440 * number, abs=20)


def test_a_gap_in_a_sound_that_is_encoded_anew_stays_where_it_is(tmp_path: Path) -> None:
    film = sounding(tmp_path / "film.mkv", "libopus", 1, gap=(0.3, 0.6))
    write_film(tmp_path / "out.mov", lambda number: FRAMES[number % 12], Size(HIGH, WIDE), SECOND, film)
    wave, _ = heard(tmp_path / "out.mov")
    loud = abs(wave).reshape(-1, 480).max(axis=1)  # in each hundredth of a second
    assert (loud[5:28] > 0.2).all() and (loud[34:58] < 0.05).all() and (loud[66:95] > 0.2).all()


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"before")

    def frames(number: int) -> np.ndarray:
        if number == 3:
            raise OSError("no more")
        return FRAMES[number]

    timing = Timing(tuple(range(12)), Fraction(1, 25), Fraction(25))
    with pytest.raises(OSError, match="no more"):
        write_film(tmp_path / "out.mp4", frames, Size(HIGH, WIDE), timing, None)
    assert (tmp_path / "out.mp4").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]

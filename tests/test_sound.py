"""Sounds and series: spectrograms and their inverse, the objective by its formulas, files, what is asked wrongly."""

import threading
import wave
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from conftest import run_process
from PIL import Image

from keras_nst.sound import sheet
from keras_nst.sound.__main__ import main
from keras_nst.sound.drive import drive
from keras_nst.sound.files import A_SECOND, RATE, Sound, arpeggio, rain, read_sound, resampled, write_sound
from keras_nst.sound.objective import Ear, Search, SoundObjective, Weights, gram, relative, rhythm
from keras_nst.sound.prepare import prepare
from keras_nst.sound.settings import Sounding
from keras_nst.sound.spectrum import PhaseSteps, distances, hann, loudness, sounded, spectrogram, statistics, wave_of

NEVER = threading.Event()


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count)


# --- Sheets ---


def test_marks_are_round_and_few() -> None:
    assert sheet.marks(4.0) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert sheet.marks(700) == [0, 100, 200, 300, 400, 500, 600]
    assert sheet.marks(0.9) == [0, 0.2, 0.4, 0.6, 0.8]


def test_tones_and_clicks_are_where_their_marks_are() -> None:
    rate, window = 16_000, 1024
    time = np.arange(4 * rate) / rate
    tone = np.asarray(sheet.spectrogram(Sound(np.sin(2 * np.pi * 1000 * time)[:, None], rate), window)).sum(axis=-1)
    above = (1 - sheet.heights(rate / window, window // 2)["1 kHz"]) * (sheet.HEIGHT - 1)
    assert tone[:, sheet.WIDTH // 2].argmax() == pytest.approx(above, abs=2)
    click = np.zeros_like(time)
    click[2 * rate] = 1
    shown = np.asarray(sheet.spectrogram(Sound(click[:, None], rate), window)).sum(axis=-1)
    loudest = np.flatnonzero(shown[20] == shown[20].max()).mean()
    tick = np.flatnonzero(shown[-4] > 700)  # white
    assert min(abs(tick - loudest)) <= 3


# --- Spectrograms ---


def test_spectrograms_are_those_of_scipy() -> None:
    own, window = noise(5000), 256
    _, _, expected = scipy.signal.stft(
        np.pad(own, window), window=hann(window), nperseg=window, noverlap=192, boundary=None, padded=False
    )
    ours = spectrogram(own, window)[: expected.shape[1]] / hann(window).sum()
    np.testing.assert_allclose(ours, expected.T, atol=1e-12)


@pytest.mark.parametrize("count", [700, 4096, 5001])
def test_there_and_back_is_the_same(count: int) -> None:
    own = noise(count)
    np.testing.assert_allclose(wave_of(spectrogram(own, 256), 256, count), own, atol=1e-10)


def test_a_sound_is_found_for_its_loudness() -> None:
    own = arpeggio()[:RATE]
    loud = loudness(own, 1024)

    def apart(steps: int) -> float:
        made = sounded(loud, 1024, noise(len(own)), PhaseSteps(steps, NEVER))
        return float(np.linalg.norm(loudness(made, 1024) - loud) / np.linalg.norm(loud))

    assert apart(60) < 0.5 * apart(1)
    np.testing.assert_allclose(sounded(loud, 1024, own, PhaseSteps(5, NEVER)), own, atol=1e-8)  # its phase was known


# --- The objective ---


def test_gram_and_rhythm_are_their_formulas() -> None:
    features = np.abs(noise(2 * 30 * 5)).reshape(2, 30, 5).astype(np.float32)
    expected = np.stack([each.T @ each / 30 for each in features])
    np.testing.assert_allclose(gram(tf.constant(features)), expected, rtol=1e-5)
    apart = features - features.mean(axis=1, keepdims=True)
    by_lag = np.stack([(apart[:, : 30 - lag] * apart[:, lag:]).mean(axis=1) for lag in range(12)], axis=-1)
    np.testing.assert_allclose(rhythm(tf.constant(features), 12), by_lag, atol=1e-5)


def test_features_are_rectified_products_with_what_follows() -> None:
    ear, heard = Ear(3, 4, [5], seed=0), noise(20 * 3).reshape(1, 20, 3).astype(np.float32)
    weights = ear.filters[0].numpy()
    expected = [[max(0.0, (heard[0, t : t + 5] * weights[..., n]).sum()) for n in range(4)] for t in range(16)]
    seen = ear(tf.constant(heard))[0][0].numpy()
    np.testing.assert_allclose(seen[4:-4], expected, atol=1e-5)
    mirror = np.concatenate([heard[0, 4:0:-1], heard[0, :1]])  # what the first filter sees
    np.testing.assert_allclose(seen[0], np.maximum(0, np.einsum("tc,tcn->n", mirror, weights)), atol=1e-5)
    many = Ear(50, 600, [11], seed=1).filters[0].numpy()
    assert many.std() == pytest.approx(np.sqrt(2) * np.sqrt(2 / ((50 + 600) * 11)), rel=0.01)


def test_terms_are_zero_where_they_are_met() -> None:
    ear, content, style = Ear(3, 8, [3, 6], seed=0), noise(180).reshape(1, 60, 3), noise(180, 1).reshape(1, 60, 3)
    listener = SoundObjective(ear, content, style, Weights(1, 1, 1))
    of_content, of_style = (
        [float(term[0]) for term in listener.losses(tf.constant(each, tf.float32))] for each in (content, style)
    )
    assert of_content[0] == pytest.approx(0, abs=1e-9) and min(of_content[1:]) > 1e-3
    assert of_style[1:] == pytest.approx([0, 0], abs=1e-9) and of_style[0] > 1e-3
    assert float(relative(tf.constant([[3.0, 4.0]]), tf.constant([[0.0, 5.0]]))[0]) == pytest.approx(10 / 25)


def test_two_channels_are_two_by_themselves() -> None:
    ear, style = Ear(4, 6, [3], seed=0), np.abs(noise(160)).reshape(1, 40, 4) / 3
    both = np.abs(noise(320, 1)).reshape(2, 40, 4) / 3
    made = []
    for part in (both, both[:1], both[1:]):
        search = Search(part, SoundObjective(ear, part, style, Weights(1, 5, 1)))
        search.steps(5)
        made.append(search.found())
    np.testing.assert_allclose(made[0], np.concatenate(made[1:]), atol=1e-4)


# --- Statistics ---


def test_statistics_know_a_tone_its_beat_and_its_notes() -> None:
    told = statistics(arpeggio(), RATE)
    assert told.onsets == pytest.approx(A_SECOND, rel=0.05)
    lag = round(RATE * 4 / 1024 / A_SECOND)  # windows from note to note
    assert told.rhythm[lag - 1 : lag + 2].max() > 0.6 > 0.3 > told.rhythm[lag // 2]
    high, low = (statistics(np.sin(2 * np.pi * pitch * np.arange(RATE) / RATE), RATE) for pitch in (4000, 200))
    assert np.argmax(low.spectrum) < np.argmax(high.spectrum)
    assert distances(told, told) == {"spectrum": 0, "rhythm": 0, "onsets": 0}


# --- From file to file ---


def sounding(folder: Path, **own: str) -> tuple[list[str], Sound]:
    """Makes a sound, quickly; returns what was told, and the sound."""
    given = {"content": "sample:arpeggio", "style": "sample:rain", "output": str(folder / "out.wav"), "seconds": "3"}
    given |= {"steps": "40", "filters": "256", "phase_steps": "20", "window": "1024"} | own
    told: list[str] = []
    assert drive(prepare(Sounding.written(**given), print), NEVER, told.append) == 0
    return told, read_sound(given["output"])


def test_an_arpeggio_becomes_more_like_rain(tmp_path: Path) -> None:
    """Its spectrum, its rhythm, and how often something begins; it stays the arpeggio in time."""
    told, made = sounding(tmp_path)
    content, style = arpeggio()[: 3 * RATE], rain()[: 3 * RATE]
    assert made.rate == RATE and made.values.shape == (3 * RATE, 1) and 0.01 < made.values.std() < 0.5
    own, there, before = (statistics(each, RATE) for each in (made.values[:, 0], style, content))
    now, then = distances(own, there), distances(before, there)
    assert all(now[name] < then[name] for name in now)
    with Image.open(tmp_path / "out.png") as sheet:
        assert sheet.width == 900
    assert told[0].startswith("Done after 40 steps") and told[-1].startswith("Distance from the style: spectrum")


def test_stereo_and_other_rates_go_together(tmp_path: Path) -> None:
    both = np.stack([arpeggio()[:RATE], 0.5 * rain()[:RATE]], axis=1)
    write_sound(tmp_path / "stereo.wav", Sound(both, RATE))
    half = resampled(rain()[:RATE, None], RATE, 16_000)
    write_sound(tmp_path / "style.wav", Sound(half, 16_000))
    own = {"content": str(tmp_path / "stereo.wav"), "style": str(tmp_path / "style.wav"), "seconds": "0"}
    _, made = sounding(tmp_path, **own)
    assert made.values.shape == both.shape and made.rate == RATE
    assert abs(np.corrcoef(made.values.T)[0, 1]) < 0.9


@pytest.mark.parametrize("name", ["a.flac", "a.ogg"])
def test_other_formats(tmp_path: Path, name: str) -> None:
    sound = Sound(arpeggio()[:RATE, None], RATE)
    write_sound(tmp_path / name, sound)
    back = read_sound(str(tmp_path / name))
    assert back.rate == RATE and abs(back.values - sound.values).mean() < (1e-4 if name == "a.flac" else 0.02)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_wav_of_all_depths(tmp_path: Path, width: int) -> None:
    own = 0.9 * np.sin(np.arange(600) / 10).reshape(300, 2)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((2, width, 8000, 0, "NONE", ""))
        whole = np.rint(own * (2 ** (8 * width - 1) - 1)).astype("<i4")
        data = (whole + 128).astype(np.uint8) if width == 1 else whole.reshape(-1, 1).view(np.uint8)[:, :width]
        file.writeframes(np.ascontiguousarray(data).tobytes())
    back = read_sound(str(tmp_path / "a.wav"))
    assert back.rate == 8000
    np.testing.assert_allclose(back.values, own, atol=1.5 / 2 ** (8 * width - 1))


def test_floats_in_wav(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.float32(arpeggio()[:4000]), RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_sound(str(tmp_path / "a.wav")).values[:, 0], arpeggio()[:4000], atol=1e-6)


def test_another_rate_has_the_same_tones() -> None:
    time = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 440 * time)[:, None]
    np.testing.assert_allclose(
        resampled(tone, 8000, 12_000)[:, 0], np.sin(2 * np.pi * 440 * np.arange(12_000) / 12_000), atol=1e-9
    )
    assert resampled(tone, 8000, 8000) is tone


# --- Series ---


def write_table(path: Path, values: np.ndarray, axis: bool = True) -> Path:
    rows = [",".join([*(["day"] if axis else []), "warm", "wet"])]
    rows += [",".join([*([str(number)] if axis else []), *map(str, row)]) for number, row in enumerate(values)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_series_get_the_manner_of_others(tmp_path: Path) -> None:
    """A slow wave gets the quick beat of another, within its range; days stay days."""
    time = np.arange(600)
    slow = np.stack([10 + 5 * np.sin(time / 90), 100 + 20 * np.cos(time / 90)], axis=1)
    quick = slow + np.stack([3 * np.sin(time / 2), 15 * np.sin(time / 3)], axis=1)
    write_table(tmp_path / "slow.csv", slow)
    write_table(tmp_path / "quick.csv", quick, axis=False)
    own = {"content": str(tmp_path / "slow.csv"), "style": str(tmp_path / "quick.csv")}
    _, made = sounding(tmp_path, **own, output=str(tmp_path / "out.csv"), width="5", style_weight="50", steps="80")
    assert made.names == ("warm", "wet") and made.labels == ("day", tuple(map(str, time)))

    def rough(values: np.ndarray) -> np.ndarray:
        return np.abs(np.diff(values, axis=0)).mean(axis=0)

    assert (abs(rough(made.values) - rough(quick)) < 0.7 * abs(rough(slow) - rough(quick))).all()
    assert all(np.corrcoef(made.values[:, each], slow[:, each])[0, 1] > 0.5 for each in range(2))
    with Image.open(tmp_path / "out.png") as sheet:
        assert sheet.width == 900


def test_tables_with_names_times_or_neither(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1.5,2\n3,7\n4,1\n")
    plain = read_sound(str(tmp_path / "a.csv"))
    assert plain.names == ("series_1", "series_2") and plain.labels is None and plain.values.shape == (3, 2)
    (tmp_path / "b.csv").write_text("when,x\nmonday,3\ntuesday,4\n")
    named = read_sound(str(tmp_path / "b.csv"))
    assert named.labels == ("when", ("monday", "tuesday")) and named.names == ("x",)
    write_sound(tmp_path / "c.csv", named)
    assert (tmp_path / "c.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_tables_of_other_kinds(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("\ufeffday,2019,2020\na,1,2\nb,3,4\nc,5,9\n")
    years = read_sound(str(table))
    assert years.names == ("2019", "2020") and years.labels == ("day", ("a", "b", "c"))
    table.write_text("\ufeff1,2\n3,9\n4,1\n")
    assert read_sound(str(table)).values.shape == (3, 2)
    table.write_text("x,y\n1,2\n,3\n7,4\n")
    with pytest.raises(ValueError, match="Expected numbers. Received: '' in line 3"):
        read_sound(str(table))


def test_series_that_do_not_change_stay(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for name in ("one", "other"):
        write_table(tmp_path / f"{name}.csv", np.stack([np.full(200, 1e5), draw.standard_normal(200)], axis=1))
    own = {"content": str(tmp_path / "one.csv"), "style": str(tmp_path / "other.csv"), "steps": "5"}
    _, made = sounding(tmp_path, **own, output=str(tmp_path / "out.csv"))
    assert np.isfinite(made.values).all() and abs(made.values[:, 0] / 1e5 - 1).max() < 0.3


def test_long_sounds_are_written_piece_by_piece(tmp_path: Path) -> None:
    """libsndfile's Vorbis crashes when it is given four million samples at once."""
    long = Sound(0.1 * np.sin(np.arange(4_000_000) / 20)[:, None], RATE)
    write_sound(tmp_path / "a.ogg", long)
    assert len(read_sound(str(tmp_path / "a.ogg")).values) == 4_000_000


# --- What is wrong ---


def complaint(capsys: pytest.CaptureFixture[str], **given: str) -> str:
    capsys.readouterr()
    assert main([f"--{name}={value}" for name, value in given.items()]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line]
    return line


def test_what_is_wrong_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"content": "sample:arpeggio", "style": "sample:rain", "output": str(tmp_path / "out.wav")}
    silence, short = tmp_path / "silence.wav", tmp_path / "short.wav"
    write_sound(silence, Sound(np.zeros((RATE, 1)), RATE))
    write_sound(short, Sound(rain()[:900, None], RATE))
    late = tmp_path / "late.wav"
    write_sound(late, Sound(np.concatenate([np.zeros(RATE), rain()[:RATE]])[:, None], RATE))
    (tmp_path / "seen.png").write_bytes(b"mine")
    (tmp_path / "semi.csv").write_text("x;y\n1;2\n3;4\n")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("no sound at all, but text")
    (tmp_path / "words.csv").write_text("x,y\n1,2\n2,many\n")
    (tmp_path / "long.csv").write_text("x\n" + "\n".join(map(str, np.sin(np.arange(300)))))
    (tmp_path / "two.csv").write_text("x,y\n" + "\n".join(f"{np.sin(n)},{np.cos(n)}" for n in range(300)))
    wrong = {
        "--content: Expected a sound: .wav": {"content": ""},
        "--content=sample:drum: Expected sample:arpeggio or sample:rain. Received: sample:drum": {
            "content": "sample:drum"
        },
        f"--content={silence}: Expected a sound. Received: silence": {"content": str(silence)},
        f"--style={tmp_path / 'empty.wav'}: Expected a sound. Received: a file that ends too early": {
            "style": str(tmp_path / "empty.wav")
        },
        f"--style={tmp_path / 'text.wav'}: Expected a sound. Received: a": {"style": str(tmp_path / "text.wav")},
        f"--content={short}: Expected at least 1.03 s, or a smaller --window. Received: 0.0408 s": {
            "content": str(short)
        },
        f"--content={tmp_path / 'words.csv'}: Expected numbers. Received: 'many' in line 3": {
            "content": str(tmp_path / "words.csv")
        },
        "--style=sample:rain: Expected two sounds, or two tables, as content and style. Received: one of each": {
            "content": str(tmp_path / "long.csv")
        },
        f"--style={tmp_path / 'two.csv'}: Expected as many series as in the content. Received: 1 and 2": {
            "content": str(tmp_path / "long.csv"),
            "style": str(tmp_path / "two.csv"),
        },
        f"--output={tmp_path / 'a.mp3'}: Expected a name that ends in .wav, .flac, .ogg.": {
            "output": str(tmp_path / "a.mp3")
        },
        f"--output={short}: Expected another name than the style's own.": {"style": str(short), "output": str(short)},
        f"--output={silence}: {silence} exists. Expected another name": {"output": str(silence)},
        f"--output={tmp_path / 'seen.wav'}: {tmp_path / 'seen.png'} exists.": {"output": str(tmp_path / "seen.wav")},
        f"--content={late}: Expected a sound. Received: silence": {"content": str(late), "seconds": "1"},
        f"--content={tmp_path / 'semi.csv'}: Expected commas between the columns. Received: semicolons": {
            "content": str(tmp_path / "semi.csv")
        },
    }
    for expected, change in wrong.items():
        assert complaint(capsys, **own | change).startswith(f"keras_nst: {expected}"), change
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    line = complaint(capsys, **own | {"output": str(tmp_path / "out.flac")})
    assert line == 'keras_nst: Expected the package soundfile for this kind of sound: pip install "keras-nst[sound]"'


def test_a_stop_leaves_the_sound_as_it_is_by_then(tmp_path: Path) -> None:
    class Soon:
        left = 2

        def is_set(self) -> bool:
            self.left -= 1
            return self.left < 0

    given = {"content": "sample:arpeggio", "style": "sample:rain", "output": str(tmp_path / "out.wav"), "seconds": "2"}
    told: list[str] = []
    drive(prepare(Sounding.written(**given, filters="32", phase_steps="2"), print), Soon(), told.append)
    assert told[0].startswith("Stopped after 10 steps") and (tmp_path / "out.wav").exists()


def test_help_needs_nothing() -> None:
    done = run_process("--help", module="keras_nst.sound")
    assert done.returncode == 0 and "--rhythm_weight" in done.stdout


def test_a_style_of_another_unit_is_told_or_rescaled(tmp_path: Path) -> None:
    slow = 20.0 + 4.0 * np.tile(np.sin(np.arange(200) / 15)[:, None], 2)
    quick = 0.5 + 0.3 * np.tile(np.sign(np.sin(np.arange(180) / 2))[:, None], 2)
    write_table(tmp_path / "warmth.csv", slow)
    write_table(tmp_path / "pulse.csv", quick, axis=False)
    own = {"content": str(tmp_path / "warmth.csv"), "style": str(tmp_path / "pulse.csv"), "width": "5", "steps": "30"}
    told: list[str] = []
    prepare(Sounding.written(**own, output=str(tmp_path / "a.csv")), told.append)
    assert len(told) == 1 and "--rescale_style" in told[0]
    asked = prepare(Sounding.written(**own, rescale_style="true", output=str(tmp_path / "b.csv")), told.append)
    assert len(told) == 1
    assert asked.style.values.mean() == pytest.approx(slow.mean()) and asked.style.values.std() == pytest.approx(
        slow.std()
    )
    assert drive(asked, NEVER, told.append) == 0
    made = read_sound(str(tmp_path / "b.csv")).values
    assert slow.min() - 4 < made.mean() < slow.max() + 4
    prepare(Sounding.written(**own | {"style": own["content"]}, output=str(tmp_path / "c.csv")), told.append)
    assert sum("--rescale_style" in line for line in told) == 1

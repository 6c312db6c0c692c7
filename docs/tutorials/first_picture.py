# %% [markdown]
# # A first picture
#
# Neural style transfer, step by step, on the samples that come with the program. All pictures here are tiny, so that
# each cell takes seconds on two cores; with `SIZE = 512` and the default steps they become good ones.
#
# In the environment of the program: `pip install jupyterlab`, then `jupyter lab docs/tutorials/first_picture.ipynb`.
# `scripts/write_notebook.py` makes the notebook from `docs/tutorials/first_picture.py`.

# %%
import numpy as np
from PIL import Image

import keras_nst

SIZE, STEPS = 128, 30

# %% [markdown]
# ## One call
#
# A content, a style, and the settings that are flags of the command. Pictures are paths, URLs, arrays, Pillow's, or
# samples.

# %%
result = keras_nst.stylize("sample:harbor", "sample:night", size=SIZE, steps=STEPS)
result

# %% [markdown]
# What was minimized is J = alpha J_content + beta J_style + gamma J_variation. These are its terms, and each layer's
# part:

# %%
{name: round(float(term[0]), 3) for name, term in result.losses.terms.items()}

# %%
{name: round(float(term[0]), 3) for name, term in result.losses.layers["style"].items()}

# %% [markdown]
# How near the picture is to both, on layers that were not optimized: content 0 is the content itself, gram and w2 0
# are the style and 1 as far from it as the content (docs/reference/figures.md).

# %%
result.figures

# %% [markdown]
# ## How much style
#
# A session makes many pictures: network, compiled steps and what is known of the style serve them all. From left to
# right a strength of 0.3, 0.5 and 0.7.

# %%
with keras_nst.Session(size=SIZE, steps=STEPS) as session:
    made = [session.stylize("sample:harbor", "sample:night", style_strength=strength) for strength in (0.3, 0.5, 0.7)]
Image.fromarray(np.hstack([np.asarray(each.image) for each in made]))

# %% [markdown]
# ## The picture on its way
#
# `steps` walks through the making; between two turns of the loop nothing is computed, and it may end when it likes.

# %%
with keras_nst.Session(size=SIZE, steps=STEPS) as session:
    steps = session.steps("sample:portrait", "sample:ink")
    for progress in steps:
        print(f"step {progress.step}: J = {float(progress.losses.total[0]):.3f}")
        if progress.step >= 20:
            break
    halfway = steps.result
halfway

# %% [markdown]
# ## The Gram matrix of a layer
#
# The network is a `keras.Model`, the losses are functions of its features. Light entries are channels that are strong
# in the same places: of the first 16 channels of block2, in the content, the style and the result.

# %%
network = keras_nst.extractor(["block2_conv1"])


def gram_matrix_of(picture: np.ndarray) -> np.ndarray:
    """Returns the Gram matrix of the layer."""
    return keras_nst.gram_matrix(network(picture[None])["block2_conv1"])[0].numpy()


def tile(matrix: np.ndarray) -> np.ndarray:
    """Returns a matrix as a gray picture."""
    part = matrix[:16, :16]
    return np.kron(np.uint8(255 * part / part.max()), np.ones((8, 8), np.uint8))


session = keras_nst.Session(size=SIZE, steps=0)  # no steps: the picture as it begins
content, style = (session.stylize(name, "sample:night").array for name in ("sample:harbor", "sample:night"))
Image.fromarray(np.hstack([tile(gram_matrix_of(picture)) for picture in (content, style, result.array)]))

# %% [markdown]
# ## To keep it
#
# A saved picture carries its settings: `keras-nst run --from_image=harbor-night.png --follow` makes it
# again.

# %%
result.save("harbor-night.png")

# The program from a wheel, for a CPU; for a GPU: docker build --build-arg TENSORFLOW='tensorflow[and-cuda]' ...
# docker run --rm -v "$PWD:/pictures" -v keras-weights:/home/painter/.keras keras-nst run --content=photo.jpg --style=painting.jpg
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG TENSORFLOW=tensorflow
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$TENSORFLOW" /wheels/*.whl && rm -r /wheels \
    && useradd --create-home painter && mkdir /home/painter/.keras && chown painter /home/painter/.keras
USER painter
WORKDIR /pictures
VOLUME ["/home/painter/.keras"]
ENTRYPOINT ["keras-nst"]

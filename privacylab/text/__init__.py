"""The parts of a text: segments, sentences, words, phrases."""

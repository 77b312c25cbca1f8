"""What is read off a text: segments, sentences, words, phrases."""

//! A scene made ready to be played.

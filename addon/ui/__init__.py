"""What a user sees and presses: operators, panels, presets, the keymap, and dropped files."""

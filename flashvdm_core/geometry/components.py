"""Connected components of graphs, and of the graphs that meshes are."""

from __future__ import annotations

import numpy as np


def connected_components(links: np.ndarray, count: int) -> np.ndarray:
    """The component of each of `count` nodes, named by its lowest node.

    Of the two names on a link the higher is hooked onto the lower, and names of names are followed to their end, until no
    link joins two names (Shiloach and Vishkin 1982).

    Args:
        links: int [N, 2], pairs of nodes.
        count: number of nodes.

    Returns:
        int64 [count].
    """
    root = np.arange(count)
    while len(links):
        ends = root[links]
        links = links[ends[:, 0] != ends[:, 1]]
        ends = root[links]
        np.minimum.at(root, ends.max(axis=1), ends.min(axis=1))
        while (root[root] != root).any():
            root = root[root]
    return root


def vertex_components(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Connected part of a mesh that each vertex belongs to, named by its lowest vertex: int [F, 3] -> int64 [vertex_count]."""
    return connected_components(np.concatenate([faces[:, :2], faces[:, 1:]]), vertex_count)


def label_components(labels: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Connected faces of one label, each component named by its lowest face.

    Args:
        labels: int [F].
        neighbours: int [N, 2], pairs of faces that touch.

    Returns:
        int64 [F].
    """
    return connected_components(neighbours[labels[neighbours[:, 0]] == labels[neighbours[:, 1]]], len(labels))

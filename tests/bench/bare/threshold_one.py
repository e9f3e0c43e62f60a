"""Threshold one picture as a script of five lines would: python threshold_one.py IN OUT."""

import sys

import cv2

gray = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
_, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
cv2.imwrite(sys.argv[2], mask)

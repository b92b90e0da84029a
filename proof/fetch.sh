#!/usr/bin/env bash
# Fetches the emoji of two makers (npm emoji-datasource-twitter and -google, 136 MB) into ./files. Only the 64-pixel pictures are kept.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p files
cd files
for maker in twitter google; do
  if [ ! -d "$maker" ]; then
    archive=$(npm pack --silent "emoji-datasource-$maker@16.0.0")
    mkdir "$maker.part"
    tar -xzf "$archive" -C "$maker.part" --strip-components=1 package/emoji.json "package/img/$maker/64" package/LICENSE 2>/dev/null ||
      tar -xzf "$archive" -C "$maker.part" --strip-components=1 package/emoji.json "package/img/$maker/64"
    mv "$maker.part" "$maker"
    rm "$archive"
  fi
done
echo "files/twitter and files/google are ready"

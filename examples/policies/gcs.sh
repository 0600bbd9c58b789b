#!/usr/bin/env bash
# Rights of somebody who deploys to Google Cloud Storage, but deletes nothing that is published.
#
#   gcs.sh serviceAccount:deployer@project.iam.gserviceaccount.com hunt-assets hunt-releases
set -euo pipefail
deployer=$1 assets=$2 releases=$3

grant() { gcloud storage buckets add-iam-policy-binding "gs://$1" --member="$2" --role="$3"; }

# What is published: everybody reads, nobody lists; the deployer creates and looks, and can't write over or delete.
grant "$assets" allUsers roles/storage.legacyObjectReader
grant "$assets" "$deployer" roles/storage.objectCreator
grant "$assets" "$deployer" roles/storage.objectViewer

# The releases: the root is written over, so this needs more; nobody else sees them.
gcloud storage buckets update "gs://$releases" --public-access-prevention --versioning
grant "$releases" "$deployer" roles/storage.objectUser

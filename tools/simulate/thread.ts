import { parentPort, workerData } from 'node:worker_threads'
import { runShare, Share } from './campaign.ts'

runShare(Share.parse(workerData), (summary) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(summary)
})

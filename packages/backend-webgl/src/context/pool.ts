import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";

/** Members of tfjs's `TextureManager` (4.20 – 4.22) that tfjs declares private. */
interface StockTextures {
  readonly freeTextures: Record<string, { readonly texture: WebGLTexture }[]> | null;
  numFreeTextures: number;
  _numBytesAllocated: number;
  _numBytesFree: number;
}

function textures(backend: MathBackendWebGL): StockTextures {
  return (backend as unknown as { readonly textureManager: StockTextures }).textureManager;
}

/** Returns bytes of textures: those used by tensors, and all allocated ones, which include textures kept for reuse. */
export function textureBytes(backend: MathBackendWebGL): { readonly used: number; readonly allocated: number } {
  const { _numBytesAllocated, _numBytesFree } = textures(backend);
  return { used: _numBytesAllocated - _numBytesFree, allocated: _numBytesAllocated };
}

/** Deletes the textures that tfjs keeps for reuse. tfjs itself never deletes them. Returns the number of bytes freed. */
export function trimPool(backend: MathBackendWebGL): number {
  const pool = textures(backend);
  for (const list of Object.values(pool.freeTextures ?? {})) {
    for (const { texture } of list) backend.gpgpu.deleteMatrixTexture(texture);
    pool.numFreeTextures -= list.length;
    list.length = 0;
  }
  const freed = pool._numBytesFree;
  pool._numBytesAllocated -= freed;
  pool._numBytesFree = 0;
  return freed;
}

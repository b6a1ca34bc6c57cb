import {
  ProvenSDK
} from "./shared-KYSJ3KXK.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};

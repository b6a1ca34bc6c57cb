import {
  ProvenSDK
} from "./shared-ZLH5YFB3.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
